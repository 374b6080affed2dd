terraform {
  backend "s3" {
    bucket         = "shop-state"
    key            = "shop/nl"
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
