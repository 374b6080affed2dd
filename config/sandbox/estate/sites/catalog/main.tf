variable "variables" { type = any }

resource "terraform_data" "languages" { input = var.variables.language }

resource "terraform_data" "prices" {
  input            = var.variables.currency
  triggers_replace = var.variables.currency
}

output "currency" { value = terraform_data.prices.output }
output "index" { value = "catalog-${terraform_data.languages.output}" }
