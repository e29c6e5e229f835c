//! The page of all refusals: what each code means, and what to do. A new kind of refusal fails here until somebody has
//! written what to do about it.

use super::Kind;
use crate::golden::same_as_checked_in;

const HEAD: &str = "# Refusal codes\n\n\
<!-- Made from src/refusal.rs and src/refusal/reference.rs by `make update`. Change it there. -->\n\n\
Every no of the gateway has the shape of the engine's errors, with a stable code:\n\n\
```json\n{\"type\": \"AuthorizationException\", \"message\": \"…\", \"code\": \"TG403-TENANT\"}\n```\n\n\
Errors of the engine itself come through with the engine's own `type` and a number as `code` (or none). A foreign id \
gets no refusal: it is answered as the engine answers an id that never existed. The access log has the `cause`, which \
the caller does not see; `tenantgate_refusals_total` counts by code.\n\n\
The first digit tells whose turn it is: 4 the application's (401 its token, 403 what it may), 5 the operator's.\n";

/// What to do about a refusal, for the application's developer or the operator.
const ADVICE: &[(Kind, &str)] = &[
    (
        Kind::PathAmbiguous,
        "Percent-encode each path segment once, and no slash inside one. No `..`, `//`, `;` or control \
             characters. A library that joins URLs from parts does it right.",
    ),
    (
        Kind::QueryAmbiguous,
        "Send each tenant parameter once (`tenantIdIn=a`), percent-encoded, names and values in UTF-8.",
    ),
    (
        Kind::BodyAmbiguous,
        "Send one JSON document in UTF-8, without a key twice in one object. The message names the place. Deep or \
             compressed bodies are refused, too.",
    ),
    (
        Kind::MultipartAmbiguous,
        "Send a plain `multipart/form-data` body as HTTP libraries make it: each part with a quoted `name`, each \
             file with a quoted `filename`, no part and no file twice.",
    ),
    (
        Kind::HeaderAmbiguous,
        "Send each header once; no `Upgrade`, no `Content-Encoding`, and either a length or chunks.",
    ),
    (Kind::TokenMissing, "Send `Authorization: Bearer TOKEN`, with a token by client credentials."),
    (
        Kind::TokenMalformed,
        "Send the access token as the issuer gave it: three parts with dots between, once. An ID token or an \
             opaque token will not do: ask the issuer for this API's audience, or it gives an opaque one (Auth0).",
    ),
    (
        Kind::TokenSignature,
        "Get a new token. If new ones fail, too: is `issuers[].algorithms` what the issuer uses, and `jwks_url` \
             its address? During a rotation the new key is known within `keys.cooldown`.",
    ),
    (
        Kind::TokenIssuer,
        "The token's `iss` must equal one of `issuers[].issuer` to the letter; Auth0's ends with a slash. The \
             log's cause shows what was found.",
    ),
    (
        Kind::TokenAudience,
        "Ask for the token with the audience that the operator configured (`issuers[].audiences`).",
    ),
    (Kind::TokenExpired, "Get a new token shortly before the old one ends, or once after this answer."),
    (
        Kind::TokenEarly,
        "The issuer's clock is ahead of the gateway's by more than `issuers[].leeway`: check both.",
    ),
    (
        Kind::TokenClaims,
        "The log's cause names the claim. Check `issuers[].client_id_claims` and `required_claims` against a real \
             token.",
    ),
    (
        Kind::TokenNotApplication,
        "Use a token by client credentials. Tokens of people are taken only where \
             `issuers[].people` says so ([grants.md](grants.md#people)).",
    ),
    (
        Kind::ClientId,
        "Client ids that become tenants have 1 to 64 letters, digits, `_`, `.` and `-`, begin with a letter or \
             digit, and are not reserved (`camunda-admin`, `tenancy.reserved_client_ids`). Give the application \
             another client.",
    ),
    (
        Kind::TenantClaim,
        "The log's cause names the claim. The operator says by `tenancy.tenant_from` which claims name the tenant, \
             and which values its map takes ([grants.md](grants.md)). Ask for the token again, for the right organization.",
    ),
    (
        Kind::Grant,
        "The log's cause names the claim, and what is wrong with it. Correct what the issuer writes there; the \
             shapes that are read stand in [grants.md](grants.md).",
    ),
    (
        Kind::MissingScope,
        "Ask for a token with one of the scopes that `WWW-Authenticate` names. The operator sets them by \
             `permissions`; [operations.md](operations.md) shows the kind of each operation.",
    ),
    (
        Kind::NoOwnTenant,
        "A person's token only grants tenants. Name one of them where the operation takes it (`tenantId`, \
             `tenantIdIn`, `/tenant-id/…`), or use an application's token.",
    ),
    (
        Kind::ForeignUser,
        "Name the user of the token (`whoami` shows it), or leave the field out. The operator pins users by \
             `tenancy.users: pinned`.",
    ),
    (
        Kind::ForeignTenant,
        "Name your own tenant (your client id), or leave the tenant out: the gateway puts it in. The answer is \
             the same whether the other one exists.",
    ),
    (
        Kind::AmbiguousKey,
        "The message names the tenants. Name one of them in the path: `/key/{key}/tenant-id/{tenant}/…`.",
    ),
    (
        Kind::Level,
        "Ask the issuer for a token that grants that tenant at the level of the message: `read`, `work` or `all` \
         (`tenancy.grants`).",
    ),
    (
        Kind::WithoutTenant,
        "Leave the wish for records without tenant out. Shared definitions can be made readable \
             (`tenancy.shared_resources`); nothing without tenant can be written.",
    ),
    (
        Kind::Denied,
        "The message says why, and often what to use instead. [operations.md](operations.md) lists all.",
    ),
    (
        Kind::NoRule,
        "Check method, path and spelling; paths begin as the engine's (`/engine-rest/…`). A new operation needs a \
             rule: [writing-rules.md](writing-rules.md).",
    ),
    (Kind::FieldDenied, "The message names the field and why. Leave it out, or do as the message says."),
    (Kind::TaskId, "Leave `id` out of `POST /task/create`: the engine makes one."),
    (
        Kind::ClassName,
        "Send the value as JSON or a plain type, or name a class of your own. The operator sets what is taken by \
             `values.object_types`.",
    ),
    (
        Kind::Model,
        "The message names file, line, element and remedy. `tenantgate check --model FILE` shows all findings \
             before a deployment.",
    ),
    (
        Kind::BodyTooLarge,
        "Send less, or ask the operator for a higher limit: `limits.max_json_bytes`, `limits.max_stream_bytes`, \
             `deployments.max_model_bytes`.",
    ),
    (
        Kind::TargetTooLong,
        "Ask by POST: most lists take their query as a body. The limit is `limits.max_target_bytes`. Where the message speaks of \
             tenants: name some by `tenantIdIn`, or see [grants.md](grants.md#many-tenants).",
    ),
    (Kind::ContentType, "Send JSON as `application/json`, forms as `multipart/form-data`."),
    (
        Kind::HeadersTooLarge,
        "Send fewer or shorter headers. A token has its own limit: `limits.max_token_bytes`.",
    ),
    (
        Kind::ClientTooSlow,
        "Send the body without long pauses; the limits are `limits.body_idle_timeout` and `limits.min_body_bytes_per_second`.",
    ),
    (
        Kind::TooManyRequests,
        "Wait for requests to end, then try again (`Retry-After`). Fewer workers with more tasks each need fewer \
             long polls. The operator sets the share: `limits.requests_per_tenant`, `limits.long_polls_per_tenant`.",
    ),
    (
        Kind::TooFast,
        "Wait (`Retry-After`), and send fewer requests: longer long polls, larger pages. The operator sets the rate: \
             `limits.requests_per_second_per_tenant`.",
    ),
    (Kind::Internal, "Tell the operator, who finds the cause in the log. It is a defect of the gateway."),
    (
        Kind::GuardAlarm,
        "Tell the operator, who finds the request by [operating.md](operating.md#the-guards-alarm).",
    ),
    (
        Kind::EngineAnswer,
        "Tell the operator: the engine, or a proxy before it, answered what it should not. The log has the cause.",
    ),
    (
        Kind::EngineUnreachable,
        "With `Retry-After` nothing was sent: try again. Without, a write may have happened: look first. Operator: is the \
             engine up, `engine.url` right, and the way there open? `/readyz` says why.",
    ),
    (
        Kind::EngineAway,
        "Nothing of it was carried out: try again after `Retry-After`. Operator: \
             [operating.md](operating.md#the-engine-cant-be-reached).",
    ),
    (
        Kind::KeysUnavailable,
        "Try again. Operator: the issuer's keys can't be fetched; `/readyz` and the log say why.",
    ),
    (Kind::Overloaded, "Try again a little later. Operator: add replicas or memory."),
    (
        Kind::EngineTimeout,
        "A read can be tried again; a write may have happened: look first. Operator: `engine.timeout` bounds the \
             time until an answer begins.",
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
