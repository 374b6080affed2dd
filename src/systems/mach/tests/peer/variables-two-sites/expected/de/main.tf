terraform {
  backend "local" {
    path = "./states/de.tfstate"
  }
  required_providers {
    aws = {
      version = "~>  5.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "us"
  region = "us-east-1"
}

locals {
  tags = {
    Site        = "de"
    Environment = "production"
  }
}

module "api" {
  source  = "terraform-aws-modules/lambda/aws"
  version = "7.2.1"
  variables = {
    a    = "global"
    b    = "site"
    c    = "component"
    list = ["x", "y z", "3"]
    nested = {
      deep = {
        value = "7"
      }
    }
    text = "line one\nline \"two\" $${not_ours}"
  }
  secrets = {
    token = "component"
  }
  component_version = "7.2.1"
  environment       = "production"
  site              = "de"
  tags              = local.tags
  providers = {
    aws    = aws,
    aws.us = aws.us,
  }
}

output "api" {
  description = "The module outputs for api"
  sensitive   = true
  value       = module.api
}
