//! The map of a deployment: the way of a good one reads like a book, failures fall down,
//! "terminated" runs along one line.

use super::map::{Map, Node, Wire, left, right};

pub(super) static DEPLOYMENT: Map = Map {
    width: 76,
    height: 20,
    nodes: &[
        Node::new("NEW", 0, 0, 6, 4),
        Node::new("QUEUED", 17, 0, 10, 4),
        Node::new("TRIGGERED", 39, 0, 13, 4),
        Node::new("DONE", 63, 0, 8, 4),
        Node::new("WAITING", 2, 8, 11, 4),
        Node::new("AVAILABLE", 36, 8, 13, 4),
        Node::new("RUNNING", 59, 8, 11, 4),
        Node::new("FAILED", 2, 16, 50, 4),
        Node::new("PARTIAL", 53, 16, 9, 4),
        Node::new("TERMINATED", 63, 16, 13, 4),
    ],
    wires: &[
        Wire {
            from: "NEW",
            to: "QUEUED",
            path: &[(5, 1), (17, 1)],
            rows: &[left(6, 0, 10), left(6, 2, 10)],
        },
        Wire {
            from: "QUEUED",
            to: "TRIGGERED",
            path: &[(26, 1), (39, 1)],
            rows: &[left(27, 0, 11), left(27, 2, 11)],
        },
        Wire {
            from: "TRIGGERED",
            to: "WAITING",
            path: &[(42, 3), (42, 5), (7, 5), (7, 8)],
            rows: &[right(26, 4, 15)],
        },
        Wire {
            from: "WAITING",
            to: "AVAILABLE",
            path: &[(12, 9), (36, 9)],
            rows: &[left(14, 8, 21), left(14, 10, 21), left(14, 11, 21)],
        },
        Wire {
            from: "AVAILABLE",
            to: "RUNNING",
            path: &[(48, 9), (59, 9)],
            rows: &[left(49, 8, 9), left(49, 10, 9)],
        },
        Wire {
            from: "RUNNING",
            to: "DONE",
            path: &[(66, 8), (66, 3)],
            rows: &[left(68, 4, 8), left(68, 5, 8)],
        },
        Wire {
            from: "WAITING",
            to: "FAILED",
            path: &[(5, 11), (5, 16)],
            rows: &[left(7, 15, 20)],
        },
        Wire {
            from: "AVAILABLE",
            to: "FAILED",
            path: &[(42, 11), (42, 16)],
            rows: &[left(44, 12, 5), left(44, 13, 5)],
        },
        Wire {
            from: "RUNNING",
            to: "FAILED",
            path: &[(62, 11), (62, 13), (50, 13), (50, 16)],
            rows: &[left(63, 12, 10), left(63, 13, 10)],
        },
        Wire {
            from: "RUNNING",
            to: "WAITING",
            path: &[(61, 11), (61, 14), (10, 14), (10, 11)],
            rows: &[left(12, 13, 28)],
        },
        Wire {
            from: "RUNNING",
            to: "PARTIAL",
            path: &[(60, 11), (60, 16)],
            rows: &[right(51, 12, 8), right(52, 15, 7)],
        },
        Wire {
            from: "QUEUED",
            to: "TERMINATED",
            path: &[(21, 3), (21, 6), (73, 6), (73, 16)],
            rows: &[right(9, 4, 11)],
        },
        Wire {
            from: "TRIGGERED",
            to: "TERMINATED",
            path: &[(48, 3), (48, 6), (73, 6), (73, 16)],
            rows: &[left(50, 4, 10), left(50, 5, 10)],
        },
        Wire {
            from: "WAITING",
            to: "TERMINATED",
            path: &[(10, 8), (10, 6), (73, 6), (73, 16)],
            rows: &[left(12, 7, 16)],
        },
        Wire {
            from: "AVAILABLE",
            to: "TERMINATED",
            path: &[(44, 8), (44, 6), (73, 6), (73, 16)],
            rows: &[left(46, 7, 16)],
        },
        Wire {
            from: "RUNNING",
            to: "TERMINATED",
            path: &[(63, 8), (63, 6), (73, 6), (73, 16)],
            rows: &[right(46, 7, 16)],
        },
    ],
};
