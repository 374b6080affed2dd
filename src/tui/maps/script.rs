//! The map of a script stack.

use super::map::{Map, Node, Wire, left, right};

pub(super) static SCRIPT: Map = Map {
    width: 73,
    height: 20,
    nodes: &[
        Node::new("NEW", 0, 0, 6, 4),
        Node::new("READY", 22, 0, 13, 4),
        Node::new("RUNNING", 56, 0, 13, 4),
        Node::new("FAILED", 56, 8, 13, 4),
        Node::new("REMOVED", 0, 14, 11, 4),
        Node::new("REMOVING", 22, 14, 14, 4),
    ],
    wires: &[
        Wire {
            from: "NEW",
            to: "READY",
            path: &[(5, 1), (22, 1)],
            rows: &[left(7, 0, 14), left(7, 2, 14)],
        },
        Wire {
            from: "READY",
            to: "RUNNING",
            path: &[(34, 1), (56, 1)],
            rows: &[left(36, 0, 19)],
        },
        Wire {
            from: "RUNNING",
            to: "READY",
            path: &[(56, 2), (34, 2)],
            rows: &[left(36, 3, 19), left(36, 4, 19), left(36, 5, 19)],
        },
        Wire {
            from: "RUNNING",
            to: "FAILED",
            path: &[(62, 3), (62, 8)],
            rows: &[left(64, 5, 7), left(64, 6, 7)],
        },
        Wire {
            from: "FAILED",
            to: "READY",
            path: &[(56, 9), (31, 9), (31, 3)],
            rows: &[left(36, 8, 19)],
        },
        Wire {
            from: "READY",
            to: "REMOVING",
            path: &[(25, 3), (25, 14)],
            rows: &[right(14, 7, 10), right(14, 8, 10)],
        },
        Wire {
            from: "REMOVING",
            to: "READY",
            path: &[(28, 14), (28, 3)],
            rows: &[left(30, 11, 16), left(30, 12, 16)],
        },
        Wire {
            from: "FAILED",
            to: "REMOVING",
            path: &[(58, 11), (58, 15), (35, 15)],
            rows: &[right(42, 14, 15)],
        },
        Wire {
            from: "REMOVING",
            to: "FAILED",
            path: &[(35, 16), (64, 16), (64, 11)],
            rows: &[left(38, 17, 16)],
        },
        Wire {
            from: "REMOVING",
            to: "REMOVED",
            path: &[(22, 15), (10, 15)],
            rows: &[left(12, 14, 9), left(12, 16, 9)],
        },
        Wire {
            from: "REMOVED",
            to: "RUNNING",
            path: &[(5, 17), (5, 19), (71, 19), (71, 2), (68, 2)],
            rows: &[left(7, 18, 20)],
        },
    ],
};
