//! The gateway's own rules, as far as the cases need them: which operations there are and what they take.

use crate::support::engine::project;

/// One operation and its rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The method.
    pub method: String,
    /// The path's template.
    pub path: String,
    /// The rule's text.
    pub text: String,
}

impl Rule {
    /// Method and template.
    pub fn operation(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it is carried out by the engine.
    pub fn forwarded(&self) -> bool {
        !self.text.contains("deny:") && !self.text.contains("local:")
    }

    /// The value of a plain key of the rule.
    pub fn key(&self, name: &str) -> Option<&str> {
        let rest = self.text.split(&format!("{name}: ")).nth(1)?;
        rest.split([',', ' ', '}']).next().filter(|v| !v.is_empty())
    }
}

/// All rules of `policies/`.
pub fn read() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(project().join("policies")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "yaml")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let mut words = line.splitn(3, ' ');
            let (method, path, rest) =
                (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
            let is_rule =
                ["GET", "POST", "PUT", "DELETE", "OPTIONS"].contains(&method) && path.starts_with('/');
            if is_rule {
                let path = path.trim_end_matches(':').to_owned();
                rules.push(Rule { method: method.to_owned(), path, text: rest.to_owned() });
            } else if line.starts_with(' ')
                && let Some(last) = rules.last_mut()
            {
                last.text.push_str(line);
            }
        }
    }
    assert!(rules.len() > 400, "only {} rules found", rules.len());
    rules
}

/// The operations that are denied.
pub fn denied(rules: &[Rule]) -> Vec<String> {
    rules.iter().filter(|r| r.text.contains("deny:")).map(Rule::operation).collect()
}

/// The rule of a path that is filled in; literal segments go before placeholders.
pub fn of<'a>(rules: &'a [Rule], method: &str, path: &str) -> Option<&'a Rule> {
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |rule: &&Rule| {
        let template: Vec<&str> = rule.path.split('/').collect();
        rule.method == method
            && template.len() == segments.len()
            && template.iter().zip(&segments).all(|(t, s)| t.starts_with('{') || t == s)
    };
    let holes = |rule: &&Rule| rule.path.split('/').map(|s| s.starts_with('{')).collect::<Vec<_>>();
    rules.iter().filter(fits).min_by_key(holes)
}
