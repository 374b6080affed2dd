//! The map of stacks that are at rest, at work, failed or removed.

/// Such a map, with their own words for these.
macro_rules! plain {
    ($rest:literal, $busy:literal, $failed:literal, $removing:literal, $removed:literal) => {{
        use $crate::tui::maps::map::{Map, Node, Wire, left, right};

        Map {
            width: 73,
            height: 20,
            nodes: &[
                Node::new("NEW", 0, 0, 6, 4),
                Node::new($rest, 22, 0, 13, 4),
                Node::new($busy, 56, 0, 13, 4),
                Node::new($failed, 56, 8, 13, 4),
                Node::new($removed, 0, 14, 11, 4),
                Node::new($removing, 22, 14, 14, 4),
            ],
            wires: &[
                Wire {
                    from: "NEW",
                    to: $rest,
                    path: &[(5, 1), (22, 1)],
                    rows: &[left(7, 0, 14), left(7, 2, 14)],
                },
                Wire {
                    from: $rest,
                    to: $busy,
                    path: &[(34, 1), (56, 1)],
                    rows: &[left(36, 0, 19)],
                },
                Wire {
                    from: $busy,
                    to: $rest,
                    path: &[(56, 2), (34, 2)],
                    rows: &[left(36, 3, 19), left(36, 4, 19), left(36, 5, 19)],
                },
                Wire {
                    from: $busy,
                    to: $failed,
                    path: &[(62, 3), (62, 8)],
                    rows: &[left(64, 5, 7), left(64, 6, 7)],
                },
                Wire {
                    from: $failed,
                    to: $rest,
                    path: &[(56, 9), (31, 9), (31, 3)],
                    rows: &[left(36, 8, 19)],
                },
                Wire {
                    from: $rest,
                    to: $removing,
                    path: &[(25, 3), (25, 14)],
                    rows: &[right(14, 7, 10), right(14, 8, 10)],
                },
                Wire {
                    from: $removing,
                    to: $rest,
                    path: &[(28, 14), (28, 3)],
                    rows: &[left(30, 11, 16), left(30, 12, 16)],
                },
                Wire {
                    from: $failed,
                    to: $removing,
                    path: &[(58, 11), (58, 15), (35, 15)],
                    rows: &[right(42, 14, 15)],
                },
                Wire {
                    from: $removing,
                    to: $failed,
                    path: &[(35, 16), (64, 16), (64, 11)],
                    rows: &[left(38, 17, 16)],
                },
                Wire {
                    from: $removing,
                    to: $removed,
                    path: &[(22, 15), (10, 15)],
                    rows: &[left(12, 14, 9), left(12, 16, 9)],
                },
                Wire {
                    from: $removed,
                    to: $busy,
                    path: &[(5, 17), (5, 19), (71, 19), (71, 2), (68, 2)],
                    rows: &[left(7, 18, 20)],
                },
            ],
        }
    }};
}

pub(super) use plain;
