variable "audience" {
  description = "The API's identifier, which is the audience of all tokens."
  type        = string
  default     = "https://camunda.example.com/engine-rest"
}

variable "applications" {
  description = "The applications by name. Without tenant, an application's engine tenant is its client id."
  type = map(object({
    tenant = optional(string)
    reads  = optional(list(string), [])
    scopes = optional(list(string), [])
  }))
  default = {
    orders  = {}
    billing = {}
  }

  validation {
    condition     = alltrue([for app in values(var.applications) : app.tenant == null || can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", app.tenant))])
    error_message = "A tenant has 1 to 64 letters, digits, `_`, `.` and `-`, and begins with a letter or digit."
  }
}

variable "scopes" {
  description = "Scopes of the API and their descriptions, for `permissions` and scope-based grants of the gateway."
  type        = map(string)
  default     = {}
}

variable "tenants_in_claims" {
  description = "Deploy the Action that writes `tenant` and `reads` into the tokens (docs/grants.md#auth0-with-an-action)."
  type        = bool
  default     = false
}
