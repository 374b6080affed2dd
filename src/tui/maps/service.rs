//! The map of a service stack. Seed phases above, the way to the end below; "teardown" and
//! "unblocked" each run into one arrow.

use super::map::{Map, Node, Wire, left, right};

pub(super) static SERVICE: Map = Map {
    width: 76,
    height: 20,
    nodes: &[
        Node::new("NEW", 0, 0, 6, 4),
        Node::new("CREATING", 15, 0, 12, 4),
        Node::new("STABLE", 38, 0, 10, 4),
        Node::new("MIGRATING", 63, 0, 13, 4),
        Node::new("AVAILABLE", 52, 6, 13, 4),
        Node::new("BROKEN", 22, 11, 20, 3),
        Node::new("DELETED", 14, 16, 11, 4),
        Node::new("DELETING", 36, 16, 17, 4),
        Node::new("DELETE_FAILED", 61, 16, 15, 4),
    ],
    wires: &[
        Wire {
            from: "NEW",
            to: "CREATING",
            path: &[(5, 1), (15, 1)],
            rows: &[left(6, 0, 9), left(6, 2, 9)],
        },
        Wire {
            from: "NEW",
            to: "AVAILABLE",
            path: &[(4, 3), (4, 7), (52, 7)],
            rows: &[left(6, 6, 9), left(6, 8, 9)],
        },
        Wire {
            from: "NEW",
            to: "BROKEN",
            path: &[(1, 3), (1, 12), (22, 12)],
            rows: &[left(2, 11, 15), left(3, 13, 13)],
        },
        Wire {
            from: "CREATING",
            to: "STABLE",
            path: &[(26, 1), (38, 1)],
            rows: &[left(27, 0, 11), left(27, 2, 11), left(27, 3, 11)],
        },
        Wire {
            from: "CREATING",
            to: "BROKEN",
            path: &[(24, 3), (24, 11)],
            rows: &[left(26, 5, 12)],
        },
        Wire {
            from: "CREATING",
            to: "DELETED",
            path: &[(19, 3), (19, 16)],
            rows: &[left(21, 14, 13), left(21, 15, 13)],
        },
        Wire {
            from: "DELETED",
            to: "CREATING",
            path: &[(17, 16), (17, 3)],
            rows: &[right(2, 9, 14), right(2, 10, 14)],
        },
        Wire {
            from: "STABLE",
            to: "MIGRATING",
            path: &[(47, 1), (63, 1)],
            rows: &[left(48, 0, 15)],
        },
        Wire {
            from: "MIGRATING",
            to: "STABLE",
            path: &[(63, 2), (47, 2)],
            rows: &[left(48, 3, 15)],
        },
        Wire {
            from: "STABLE",
            to: "AVAILABLE",
            path: &[(46, 3), (46, 5), (54, 5), (54, 6)],
            rows: &[left(48, 4, 17)],
        },
        Wire {
            from: "AVAILABLE",
            to: "MIGRATING",
            path: &[(64, 7), (67, 7), (67, 3)],
            rows: &[right(57, 5, 9), left(69, 5, 5)],
        },
        Wire {
            from: "MIGRATING",
            to: "BROKEN",
            path: &[(74, 3), (74, 12), (41, 12)],
            rows: &[right(67, 8, 6), right(67, 9, 6)],
        },
        Wire {
            from: "BROKEN",
            to: "STABLE",
            path: &[(40, 11), (40, 3)],
            rows: &[right(29, 8, 10), right(29, 9, 10)],
        },
        Wire {
            from: "DELETE_FAILED",
            to: "STABLE",
            path: &[(69, 16), (69, 10), (40, 10), (40, 3)],
            rows: &[right(59, 15, 9), left(71, 15, 5)],
        },
        Wire {
            from: "DELETING",
            to: "STABLE",
            path: &[(51, 16), (51, 10), (40, 10), (40, 3)],
            rows: &[left(53, 14, 15)],
        },
        Wire {
            from: "STABLE",
            to: "DELETING",
            path: &[(43, 3), (43, 13), (49, 13), (49, 16)],
            rows: &[left(44, 8, 8), left(44, 9, 8)],
        },
        Wire {
            from: "AVAILABLE",
            to: "DELETING",
            path: &[(58, 9), (58, 13), (49, 13), (49, 16)],
            rows: &[left(60, 11, 8)],
        },
        Wire {
            from: "BROKEN",
            to: "DELETING",
            path: &[(39, 13), (39, 16)],
            rows: &[left(41, 14, 8), left(41, 15, 8)],
        },
        Wire {
            from: "DELETE_FAILED",
            to: "DELETING",
            path: &[(61, 18), (52, 18)],
            rows: &[left(53, 19, 8)],
        },
        Wire {
            from: "DELETING",
            to: "DELETED",
            path: &[(36, 17), (24, 17)],
            rows: &[left(26, 16, 9), left(26, 18, 9)],
        },
        Wire {
            from: "DELETING",
            to: "DELETE_FAILED",
            path: &[(52, 17), (61, 17)],
            rows: &[left(53, 16, 8)],
        },
        Wire {
            from: "DELETING",
            to: "BROKEN",
            path: &[(37, 16), (37, 13)],
            rows: &[right(24, 14, 12), right(24, 15, 12)],
        },
    ],
};
