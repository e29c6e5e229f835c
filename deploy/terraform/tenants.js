// Puts an application's engine tenant, and the tenants that it may read, into its token (docs/grants.md#auth0-with-an-action).
exports.onExecuteCredentialsExchange = async (event, api) => {
  const { tenant, reads } = event.client.metadata;
  if (tenant) api.accessToken.setCustomClaim("https://example.com/tenant", tenant);
  if (reads) api.accessToken.setCustomClaim("https://example.com/tenants", reads.split(" "));
};
