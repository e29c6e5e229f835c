# What the gateway and its applications need at Auth0: an API, a client with a grant for each application, and, where
# clients read other tenants, an Action that puts those tenants into their tokens.

terraform {
  required_version = ">= 1.5"
  required_providers {
    auth0 = {
      source  = "auth0/auth0"
      version = "~> 1.10"
    }
  }
}

# Reads AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET from the environment.
provider "auth0" {}

resource "auth0_resource_server" "camunda" {
  name           = "Camunda"
  identifier     = var.audience
  signing_alg    = "RS256"
  token_lifetime = 3600

  # The identifier is the audience: it cannot be changed without every application.
  lifecycle {
    prevent_destroy = true
  }
}

resource "auth0_resource_server_scopes" "camunda" {
  count                      = length(var.scopes) > 0 ? 1 : 0
  resource_server_identifier = auth0_resource_server.camunda.identifier

  dynamic "scopes" {
    for_each = var.scopes
    content {
      name        = scopes.key
      description = scopes.value
    }
  }
}

resource "auth0_client" "application" {
  for_each = var.applications

  name        = each.key
  description = "Uses Camunda through tenantgate. Its client id is its engine tenant: never reuse it."
  app_type    = "non_interactive"
  grant_types = ["client_credentials"]

  # Read by the Action below; both are space-separated lists.
  client_metadata = {
    for name, value in { tenant = each.value.tenant, reads = join(" ", each.value.reads) } : name => value
    if value != null && value != ""
  }
}

resource "auth0_client_grant" "application" {
  for_each = var.applications

  client_id = auth0_client.application[each.key].client_id
  audience  = auth0_resource_server.camunda.identifier
  scopes    = each.value.scopes
}

resource "auth0_action" "tenants" {
  count = var.tenants_in_claims ? 1 : 0

  name    = "tenantgate-tenants"
  runtime = "node22"
  deploy  = true
  code    = file("${path.module}/tenants.js")

  supported_triggers {
    id      = "credentials-exchange"
    version = "v2"
  }
}

resource "auth0_trigger_actions" "credentials_exchange" {
  count = var.tenants_in_claims ? 1 : 0

  trigger = "credentials-exchange"

  actions {
    id           = auth0_action.tenants[0].id
    display_name = auth0_action.tenants[0].name
  }
}
