output "client_ids" {
  description = "The client id of each application, which is its engine tenant unless a claim names another."
  value       = { for name, client in auth0_client.application : name => client.client_id }
}

output "audience" {
  description = "For `--audience` of the gateway and the token requests of the applications."
  value       = auth0_resource_server.camunda.identifier
}
