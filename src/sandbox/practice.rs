//! The files of the practice estate, as they are laid out into the practice home folder. The
//! templates that the stacks held before (`*.before.yaml`) stay in the program: the practice world
//! begins with them.

/// Every file of the practice estate: its path below the folder, its text. Those below `bin/` are
/// to be executable.
pub const FILES: &[(&str, &str)] = &[
    (
        "holdpoint.yaml",
        include_str!("../../config/sandbox/estate/holdpoint.yaml"),
    ),
    (
        "orders.yaml",
        include_str!("../../config/sandbox/estate/orders.yaml"),
    ),
    (
        "billing.yaml",
        include_str!("../../config/sandbox/estate/billing.yaml"),
    ),
    (
        "web.yaml",
        include_str!("../../config/sandbox/estate/web.yaml"),
    ),
    (
        "cluster.yaml",
        include_str!("../../config/sandbox/estate/cluster.yaml"),
    ),
    (
        "sites/main.yml",
        include_str!("../../config/sandbox/estate/sites/main.yml"),
    ),
    (
        "sites/catalog/main.tf",
        include_str!("../../config/sandbox/estate/sites/catalog/main.tf"),
    ),
    (
        "sites/cart/main.tf",
        include_str!("../../config/sandbox/estate/sites/cart/main.tf"),
    ),
    (
        "sites/search/main.tf",
        include_str!("../../config/sandbox/estate/sites/search/main.tf"),
    ),
    (
        "bin/migrate",
        include_str!("../../config/sandbox/estate/bin/migrate"),
    ),
    (
        "bin/warm",
        include_str!("../../config/sandbox/estate/bin/warm"),
    ),
    (
        "bin/report",
        include_str!("../../config/sandbox/estate/bin/report"),
    ),
];

const BEFORE: &[(&str, &str)] = &[
    (
        "orders.before.yaml",
        include_str!("../../config/sandbox/estate/orders.before.yaml"),
    ),
    (
        "billing.before.yaml",
        include_str!("../../config/sandbox/estate/billing.before.yaml"),
    ),
    (
        "web.before.yaml",
        include_str!("../../config/sandbox/estate/web.before.yaml"),
    ),
];

/// The text of a file by its name.
#[must_use]
pub fn file(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .chain(BEFORE)
        .find(|(path, _)| *path == name)
        .map(|(_, text)| *text)
}
