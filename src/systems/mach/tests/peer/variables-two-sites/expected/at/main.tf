terraform {
  backend "local" {
    path = "./states/at.tfstate"
  }
  required_providers {
    aws = {
      version = "~>  5.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
  assume_role {
    role_arn = "arn:aws:iam::444455556666:role/deploy"
  }
}

locals {
  tags = {
    Site        = "at"
    Environment = "production"
  }
}

module "api" {
  source  = "terraform-aws-modules/lambda/aws"
  version = "7.2.1"
  variables = {
    a = "global"
    b = "global"
    c = "global"
    nested = {
      deep = {
        value = "7"
      }
    }
  }
  secrets = {
    token = "global"
  }
  component_version = "7.2.1"
  environment       = "production"
  site              = "at"
  tags              = local.tags
  providers = {
    aws = aws,
  }
}

output "api" {
  description = "The module outputs for api"
  sensitive   = true
  value       = module.api
}
