//! Tokens that tell what they are by how they begin: each issuer gives its own a form, so that they
//! can be found where they leaked.

/// How a token begins, as an expression, and what comes after that.
const KNOWN: [(&str, &str); 26] = [
    // GitHub, GitLab, Bitbucket and Jira, Sourcegraph
    ("gh[oprsu]_|github_pat_|gl[a-z]{2,7}-", r"[\w.-]{16,}"),
    ("AT[ACB][TB][TB][A-Za-z0-9]", r"[\w=-]{20,}"),
    ("sgp_", "[a-f0-9_]{40,}"),
    // Slack, Stripe, Shopify, Square, Postman, Linear, Figma, New Relic, Twilio's SendGrid
    ("xox[a-z]-|xoxe\\.|xapp-", r"[\w.-]{10,}"),
    ("[rs]k_(?:live|test)_|whsec_", "[A-Za-z0-9]{10,}"),
    ("shp(?:at|ss|ca|pa)_", "[a-fA-F0-9]{32}"),
    ("sq0(?:atp|csp|idp)-", r"[\w-]{22,}"),
    ("PMAK-|lin_api_|figd_|NRAK-", r"[\w-]{16,}"),
    (r"SG\.", r"[\w-]{16,}\.[\w-]{16,}"),
    // registries: npm, PyPI, RubyGems, crates.io, Docker
    ("npm_", "[A-Za-z0-9]{36}"),
    ("pypi-", r"[\w-]{16,}"),
    ("rubygems_", "[a-f0-9]{48}"),
    ("cio[A-Za-z0-9]", "[A-Za-z0-9]{31}"),
    ("dckr_[a-z]{2,4}_", r"[\w-]{16,}"),
    // Google, Hugging Face, Anthropic, OpenAI
    ("AIza", r"[\w-]{35}"),
    (r"ya29\.|GOCSPX-", r"[\w-]{16,}"),
    ("hf_", "[A-Za-z0-9]{30,}"),
    ("sk-(?:ant-|proj-|svcacct-)?", r"[A-Za-z0-9][\w-]{23,}"),
    // Vault, Doppler, Terraform, Pulumi, DigitalOcean, Grafana, Sentry, Tailscale, Netlify, age
    (r"hv[bsr]\.", r"[\w-]{20,}"),
    (r"dp\.(?:st|pt|ct|sa|scim|audit)\.", r"[\w.-]{20,}"),
    (r"[A-Za-z0-9]{14}\.atlasv1\.", r"[\w-]{40,}"),
    ("pul-|do[opr]_v1_", "[a-f0-9]{40,}"),
    ("glsa_|glc_|sntry[su]_|nfp_", r"[\w+/=]{30,}"),
    ("tskey-[a-z]+-", r"[\w-]{16,}"),
    ("AGE-SECRET-KEY-1", "[A-Z0-9]{40,}"),
    // a session token of AWS
    ("IQoJ|F[wQ]oG", "[A-Za-z0-9+/=]{60,}"),
];

/// How any of them begins.
pub(super) fn begins() -> String {
    KNOWN.map(|(begin, _)| begin).join("|")
}

/// The form of all of them, with the whole token as the value.
pub(super) fn form() -> String {
    let each = KNOWN.map(|(begin, rest)| format!("(?:{begin}){rest}"));
    format!(r"\b(?P<value>{})", each.join("|"))
}
