//! Regions of Azure: what a name that is short has for each, and what a person calls it.

/// The name, what is short, and what a person reads.
const REGIONS: [(&str, &str, &str); 32] = [
    ("eastasia", "ea", "East Asia"),
    ("southeastasia", "sea", "Southeast Asia"),
    ("centralus", "cus", "Central US"),
    ("eastus", "eus", "East US"),
    ("eastus2", "eus2", "East US 2"),
    ("westus", "wus", "West US"),
    ("northcentralus", "ncus", "North Central US"),
    ("southcentralus", "scus", "South Central US"),
    ("northeurope", "ne", "North Europe"),
    ("westeurope", "we", "West Europe"),
    ("japanwest", "jw", "Japan West"),
    ("japaneast", "je", "Japan East"),
    ("brazilsouth", "bs", "Brazil South"),
    ("australiaeast", "ae", "Australia East"),
    ("australiasoutheast", "ase", "Australia Southeast"),
    ("southindia", "si", "South India"),
    ("centralindia", "ci", "Central India"),
    ("westindia", "wi", "West India"),
    ("canadacentral", "cc", "Canada Central"),
    ("canadaeast", "ce", "Canada East"),
    ("uksouth", "us", "UK South"),
    ("ukwest", "uw", "UK West"),
    ("westcentralus", "wc", "West Central US"),
    ("westus2", "wus2", "West US 2"),
    ("koreacentral", "kc", "Korea Central"),
    ("koreasouth", "ks", "Korea South"),
    ("francecentral", "fc", "France Central"),
    ("francesouth", "fs", "France South"),
    ("australiacentral", "ac", "Australia Central"),
    ("australiacentral2", "ac2", "Australia Central 2"),
    ("southafricanorth", "san", "South Africa North"),
    ("southafricawest", "saw", "South Africa West"),
];

/// The short and the long name of a region.
pub(super) fn of(name: &str) -> Option<(&'static str, &'static str)> {
    let mut all = REGIONS.iter();
    let (_, short, long) = all.find(|(region, ..)| *region == name)?;
    Some((short, long))
}

/// The names of all.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(name, ..)| *name)
}
