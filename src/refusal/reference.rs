//! The page of all refusals: what each code means, and what to do. A new kind of refusal fails here until somebody has
//! written what to do about it.

use super::Kind;
use crate::golden::same_as_checked_in;

const HEAD: &str = "# Refusal codes\n\n\
<!-- Generated from src/refusal.rs and src/refusal/reference.rs by `make update`. Change it there. -->\n\n\
Every refusal has the format of the engine's errors and a stable code:\n\n\
```json\n{\"type\": \"AuthorizationException\", \"message\": \"…\", \"code\": \"TG403-TENANT\"}\n```\n\n\
The engine's own errors are passed on with the engine's `type` and a number as `code` (or none). Another tenant's id is \
not refused: it is answered as the engine answers an id that never existed. The access log contains the `cause`, which \
the caller does not see; `tenantgate_refusals_total` counts by code.\n\n\
The first digit tells who has to act: 4 the application (401: its token; 403: what it may do), 5 the operator.\n\n\
The checks run in this order: a request that cannot be read unambiguously is refused first (400, 414, 431); then the \
token is verified (401), on every path, including paths outside the engine's base path; only then is the operation \
looked up (403). A client without a valid token therefore never learns which paths exist.\n";

/// What to do about a refusal, for the application's developer or the operator.
const ADVICE: &[(Kind, &str)] = &[
    (
        Kind::PathAmbiguous,
        "Percent-encode each path segment exactly once, without slashes inside a segment. No `..`, `//`, `;` or control characters. A library that builds URLs from parts does this correctly.",
    ),
    (
        Kind::QueryAmbiguous,
        "Send each tenant parameter once (`tenantIdIn=a`), percent-encoded, with names and values in UTF-8.",
    ),
    (
        Kind::BodyAmbiguous,
        "Send one JSON document in UTF-8 without duplicate keys. The message names the position. Deeply nested or compressed bodies are also refused.",
    ),
    (
        Kind::MultipartAmbiguous,
        "Send a plain `multipart/form-data` body as HTTP libraries create it: each part with a quoted `name`, each file with a quoted `filename`, and no part or file twice.",
    ),
    (
        Kind::HeaderAmbiguous,
        "Send each header once, with lines that end by CR LF, exactly one `Host`, no `Upgrade` and no `Content-Encoding`, and with either a length or chunks.",
    ),
    (
        Kind::TokenMissing,
        "Send `Authorization: Bearer TOKEN` with a token from the client credentials grant.",
    ),
    (
        Kind::TokenMalformed,
        "Send the access token once and exactly as the issuer returned it: three parts separated by dots. ID tokens and opaque tokens are not accepted. Auth0 returns an opaque token unless you request this API's audience.",
    ),
    (
        Kind::TokenSignature,
        "Get a new token. If new tokens fail as well, check that `issuers[].algorithms` matches the issuer and that `jwks_url` is its address. During a key rotation the new key is known within `keys.cooldown`.",
    ),
    (
        Kind::TokenIssuer,
        "The token's `iss` must be identical to one of `issuers[].issuer`; Auth0's ends with a slash. The cause in the log shows the `iss` that was found, and says so if it differs by the final slash only.",
    ),
    (
        Kind::TokenAudience,
        "Request the token with the audience that the operator configured (`issuers[].audiences`).",
    ),
    (Kind::TokenExpired, "Get a new token shortly before the old one expires, or once after this response."),
    (
        Kind::TokenEarly,
        "The issuer's clock is ahead of the gateway's by more than `issuers[].leeway`: check both.",
    ),
    (
        Kind::TokenClaims,
        "The cause in the log names the claim. Compare `issuers[].client_id_claims` and `required_claims` with a real token.",
    ),
    (
        Kind::TokenNotApplication,
        "Use a token from the client credentials grant. Tokens of people are accepted only if `issuers[].people` is configured ([grants.md](grants.md#people)).",
    ),
    (
        Kind::ClientId,
        "Client ids that become tenants consist of 1 to 64 letters, digits, `_`, `.` and `-`, begin with a letter or digit, and are not reserved (`camunda-admin`, `tenancy.reserved_client_ids`). Give the application another client.",
    ),
    (
        Kind::TenantClaim,
        "The cause in the log names the claim. The operator sets with `tenancy.tenant_from` which claims name the tenant and which values are mapped ([grants.md](grants.md)). Request the token again, for the right organization.",
    ),
    (
        Kind::Grant,
        "The cause in the log names the claim and what is wrong with it. Correct the value at the issuer; the accepted formats are described in [grants.md](grants.md).",
    ),
    (
        Kind::MissingScope,
        "Request a token with one of the scopes in `WWW-Authenticate`. The operator sets them with `permissions`; [operations.md](operations.md) shows the kind of each operation.",
    ),
    (
        Kind::NoOwnTenant,
        "A person's token only grants tenants. Name one of them where the operation accepts it (`tenantId`, `tenantIdIn`, `/tenant-id/…`), or use an application's token.",
    ),
    (
        Kind::ForeignUser,
        "Name the token's user (`whoami` shows it), or remove the field. The operator pins users with `tenancy.users: pinned`.",
    ),
    (
        Kind::ForeignTenant,
        "Name your own tenant (usually your client id), or omit the tenant: the gateway inserts it. The response is the same whether or not the other tenant exists.",
    ),
    (
        Kind::AmbiguousKey,
        "The message names the tenants. Name one of them in the path: `/key/{key}/tenant-id/{tenant}/…`.",
    ),
    (
        Kind::Level,
        "Ask the issuer for a token that grants this tenant at the level in the message: `read`, `work` or `all` (`tenancy.grants`).",
    ),
    (
        Kind::WithoutTenant,
        "Remove `withoutTenantId`, or set it to false. Shared definitions can be made readable (`tenancy.shared_resources`); nothing without a tenant can be written.",
    ),
    (
        Kind::Denied,
        "The message gives the reason and often an alternative. [operations.md](operations.md) lists all denied operations.",
    ),
    (
        Kind::NoRule,
        "Check the method, the path and their spelling; paths begin like the engine's (`/engine-rest/…`). A new operation needs a rule: [writing-rules.md](writing-rules.md).",
    ),
    (
        Kind::FieldDenied,
        "The message names the field and the reason. Remove the field, or follow the message.",
    ),
    (Kind::TaskId, "Remove `id` from `POST /task/create`: the engine assigns one."),
    (
        Kind::ClassName,
        "Send the value as JSON or as a primitive type, or name a class of your own. The operator sets which classes are accepted with `values.object_types`.",
    ),
    (
        Kind::Model,
        "The message names file, line, element and remedy. `tenantgate check --model FILE` lists all findings before a deployment.",
    ),
    (
        Kind::BodyTooLarge,
        "Send less, or ask the operator for a higher limit: `limits.max_json_bytes`, `limits.max_stream_bytes`, `deployments.max_model_bytes`.",
    ),
    (
        Kind::TargetTooLong,
        "Use POST: most lists accept their query as a body. The limit is `limits.max_target_bytes`. If the message mentions tenants, name some of them with `tenantIdIn`, or see [grants.md](grants.md#many-tenants).",
    ),
    (Kind::ContentType, "Send JSON as `application/json` and forms as `multipart/form-data`."),
    (Kind::Expectation, "Send `Expect: 100-continue` or no `Expect` at all."),
    (
        Kind::HeadersTooLarge,
        "Send fewer or shorter headers. A token has a limit of its own: `limits.max_token_bytes`.",
    ),
    (
        Kind::ClientTooSlow,
        "Send the body without long pauses; the limits are `limits.body_idle_timeout` and `limits.min_body_bytes_per_second`.",
    ),
    (
        Kind::TooManyRequests,
        "Wait until requests have finished, then try again (`Retry-After`). Fewer workers that each fetch more tasks need fewer long polls. The operator sets the share: `limits.requests_per_tenant`, `limits.long_polls_per_tenant`.",
    ),
    (
        Kind::TooFast,
        "Wait (`Retry-After`) and send fewer requests: longer long polls, larger pages. The operator sets the rate: `limits.requests_per_second_per_tenant`.",
    ),
    (Kind::Internal, "Tell the operator, who finds the cause in the log. This is a defect of the gateway."),
    (
        Kind::GuardAlarm,
        "Tell the operator, who finds the request as described in [operating.md](operating.md#the-guards-alarm).",
    ),
    (
        Kind::EngineAnswer,
        "Tell the operator: the engine, or a proxy in front of it, returned an unexpected response. The log has the cause.",
    ),
    (
        Kind::EngineUnreachable,
        "With `Retry-After` nothing was sent: try again. Without it a write may have been executed, so check first. Operator: check that the engine is up, that `engine.url` is correct and that the network allows the connection. `/readyz` gives the reason.",
    ),
    (
        Kind::EngineAway,
        "Nothing was executed: try again after `Retry-After`. Operator: [operating.md](operating.md#the-engine-cant-be-reached).",
    ),
    (
        Kind::KeysUnavailable,
        "Try again. Operator: the issuer's keys cannot be fetched; `/readyz` and the log give the reason.",
    ),
    (Kind::Overloaded, "Try again a little later. Operator: add replicas or memory."),
    (
        Kind::Stopping,
        "Ask again after `Retry-After`, as external task clients do by themselves: another replica answers. It is no empty \
             list, since the engine may have locked tasks for this poll just before; they come again when their lock ends.",
    ),
    (
        Kind::EngineTimeout,
        "Reads can be repeated; a write may have been executed, so check first. Operator: `engine.timeout` limits the time until a response begins.",
    ),
];

fn advice(kind: Kind) -> &'static str {
    let mut found = ADVICE.iter().filter(|(of, _)| *of == kind);
    let (Some((_, advice)), None) = (found.next(), found.next()) else {
        panic!("{kind:?} needs one advice");
    };
    advice
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for kind in Kind::ALL {
        let (code, status, error, doc) = (kind.code(), kind.status(), kind.error_type(), kind.doc().trim());
        page += &format!("\n## {code}\n\n{status}, `{error}`. {doc}\n\n*What to do:* {}\n", advice(*kind));
    }
    page
}

#[test]
fn the_page_is_up_to_date() {
    same_as_checked_in("docs/refusal-codes.md", &page());
}

#[test]
fn codes_are_unique_and_begin_with_their_status() {
    let mut codes: Vec<&str> = Kind::ALL.iter().map(|k| k.code()).collect();
    for kind in Kind::ALL {
        assert!(kind.code().starts_with(&format!("TG{}-", kind.status())), "{}", kind.code());
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Kind::ALL.len());
}
