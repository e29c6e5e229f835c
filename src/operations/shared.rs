//! Reading by key under `shared_resources: readable`: a key that the caller has no definition of is the shared one's.

use crate::config::SharedResources;
use crate::journey::{Request, Travel};
use crate::policy::{Kind as RuleKind, Part};
use crate::refusal::Refusal;

impl Travel<'_> {
    /// Whether a key is to be read without tenant: the rule reads, puts the caller's tenant behind the key itself
    /// (the client asked without one), shared definitions are readable, and the caller has none of that key.
    pub(crate) async fn shared_key(&self, request: &Request<'_>) -> Result<bool, Refusal> {
        let forward = request.forward;
        let readable = self.state.settings.tenancy.shared_resources == SharedResources::Readable;
        if !readable || request.operation.rule.kind != RuleKind::Read || forward.own_only {
            return Ok(false);
        }
        let key = forward.to.iter().find_map(|part| match part {
            Part::Key(number, family) => Some((request.param(*number), *family)),
            Part::Literal(_) | Part::CallerTenant | Part::Tenant(_) | Part::Id(..) | Part::Free(_) => None,
        });
        match key {
            Some((key, family)) if forward.to.contains(&Part::CallerTenant) => {
                let asked = self.state.ownership.has_key(self.engine, self.caller, family, key);
                Ok(!Box::pin(asked).await?)
            }
            Some(_) | None => Ok(false),
        }
    }
}
