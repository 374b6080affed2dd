variable "variables" { type = any }

resource "terraform_data" "index" { input = var.variables.index }

output "index" { value = terraform_data.index.output }
