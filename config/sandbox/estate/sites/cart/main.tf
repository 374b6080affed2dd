variable "variables" { type = any }

resource "terraform_data" "queue" {
  input = { currency = var.variables.currency, limit = var.variables.limit }

  provisioner "local-exec" { command = "sleep 3" }
}

output "queue" { value = terraform_data.queue.id }
