//! What a resource is part of: a component, or what its site has in a cloud or at a service.

/// Providers of clouds.
const CLOUDS: [&str; 9] = [
    "aws",
    "awscc",
    "azapi",
    "azuread",
    "azurerm",
    "google",
    "google-beta",
    "helm",
    "kubernetes",
];
/// Providers of nothing outside.
const NOWHERE: [&str; 10] = [
    "archive",
    "cloudinit",
    "external",
    "http",
    "local",
    "null",
    "random",
    "terraform",
    "time",
    "tls",
];
const CLOUD: &str = "cloud";
const SERVICES: &str = "SaaS";

/// The heading above a resource, by its address and the whole name of its provider.
pub(super) fn of(address: &str, provider: &str) -> String {
    let module = address.strip_prefix("module.");
    if let Some(name) = module.and_then(|rest| rest.split(['.', '[']).next()) {
        return format!("component {name}");
    }
    let provider = provider.rsplit('/').next().unwrap_or_default();
    let is = if provider.is_empty() || NOWHERE.contains(&provider) {
        ""
    } else if CLOUDS.contains(&provider) {
        CLOUD
    } else {
        SERVICES
    };
    is.to_owned()
}

/// Which heading stands before which.
pub(super) fn rank(heading: &str) -> u8 {
    match heading {
        "" => 0,
        SERVICES => 1,
        CLOUD => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_resource_is_part_of_is_told_by_its_module_and_its_provider() {
        for (address, provider, heading) in [
            (
                "module.payment.aws_lambda_function.main",
                "registry.terraform.io/hashicorp/aws",
                "component payment",
            ),
            ("module.payment[0].a.b", "", "component payment"),
            (
                "aws_route53_record.site",
                "registry.opentofu.org/hashicorp/aws",
                "cloud",
            ),
            (
                "commercetools_channel.store[\"a.b\"]",
                "registry.terraform.io/labd/commercetools",
                "SaaS",
            ),
            ("terraform_data.x", "terraform.io/builtin/terraform", ""),
        ] {
            assert_eq!(of(address, provider), heading, "{address}");
        }
        let order = ["", "SaaS", "cloud", "component a"].map(rank);
        assert!(order.is_sorted_by(|a, b| a < b));
    }
}
