terraform {
  backend "s3" {
    bucket         = "shop-state"
    key            = "shop/nl/payment"
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

module "payment" {
  source = "{{ROOT}}/component/terraform"
  variables = {
    currency = "EUR"
    enabled  = "true"
    retries  = "3"
  }
  secrets           = {}
  component_version = "1a2b3c4"
  environment       = "test"
  site              = "nl"
  tags              = local.tags
  providers = {
    aws = aws,
  }
}

output "payment" {
  description = "The module outputs for payment"
  sensitive   = true
  value       = module.payment
}
