terraform {
  backend "s3" {
    bucket         = "shop-state"
    key            = "shop/nl/cart"
    region         = "eu-west-1"
    role_arn       = "arn:aws:iam::111122223333:role/state"
    dynamodb_table = "locks"
    encrypt        = true
  }
  required_providers {
    aws = {
      version = "~>  5.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = {
      owner = "shop",
    }
  }
}

locals {
  tags = {
    Site        = "nl"
    Environment = "test"
  }
}

data "terraform_remote_state" "payment" {
  backend = "s3"
  config = {
    bucket         = "shop-state"
    key            = "shop/nl/payment"
    region         = "eu-west-1"
    role_arn       = "arn:aws:iam::111122223333:role/state"
    dynamodb_table = "locks"
    encrypt        = true
  }
}

module "cart" {
  source = "git::https://git.example.com/shop/cart.git//terraform?ref=v2.0.1"
  variables = {
    note        = "site nl uses $${data.terraform_remote_state.payment.outputs.payment.endpoint} now"
    payment_url = data.terraform_remote_state.payment.outputs.payment.endpoint
    queues      = data.terraform_remote_state.payment.outputs.payment.queues
  }
  secrets = {
    api_key = "s3cret"
  }
  component_version = "v2.0.1"
  environment       = "test"
  site              = "nl"
  tags              = local.tags
  providers = {
    aws = aws,
  }
}

output "cart" {
  description = "The module outputs for cart"
  sensitive   = true
  value       = module.cart
}
