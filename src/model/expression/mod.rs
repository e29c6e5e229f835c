//! Expressions in models: bare names, literals, operators, `?:` and parentheses, and nothing else.
//!
//! In: any text of a model. Out: nothing, or what in it is not taken. A property (`a.b`), an index (`a['b']`), a call
//! (`f()`, `a.f()`, `p:f()`) or the name of one of the engine's own objects reaches past the tenant (facts 6), so
//! none is in the grammar. Never evaluates anything.
//!
//! ```text
//! text   = { character | ("${" | "#{") choice "}" }
//! choice = binary [ "?" choice ":" choice ]
//! binary = unary { operator unary }
//! unary  = { "-" | "!" | "not" | "empty" } value
//! value  = name | literal | "(" choice ")"
//! ```
//! Precedence is the engine's business: it changes what an expression means, not what it can reach.

mod scan;

use super::finding::{NotTaken, shortened};
use scan::{Scanner, Token};

/// Deepest nesting of parentheses, choices and prefix operators.
const DEPTH: usize = 32;

/// Looks at a whole attribute value or text.
///
/// `forbidden` says which bare names are the engine's own.
///
/// # Errors
/// A sentence that names what is not taken.
pub(crate) fn check(text: &str, forbidden: &dyn Fn(&str) -> bool) -> Result<(), NotTaken> {
    let mut rest = text;
    while let Some(at) = find_start(rest) {
        // `\${` is text for the engine, `\\${` too: a reader that counts backslashes otherwise sees an expression.
        if rest.get(..at).is_some_and(|before| before.ends_with('\\')) {
            return Err("`\\` before an expression is not allowed".into());
        }
        let mut parser = Parser::new(rest.get(at + 2..).unwrap_or_default(), forbidden)?;
        parser.choice(0)?;
        if parser.token != Token::End {
            return Err(parser.unexpected());
        }
        rest = parser.scanner.rest();
    }
    Ok(())
}

/// Where the next `${` or `#{` begins.
pub(crate) fn find_start(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| matches!(pair, b"${" | b"#{"))
}

struct Parser<'a, 'f> {
    scanner: Scanner<'a>,
    token: Token<'a>,
    forbidden: &'f dyn Fn(&str) -> bool,
}

impl<'a, 'f> Parser<'a, 'f> {
    fn new(text: &'a str, forbidden: &'f dyn Fn(&str) -> bool) -> Result<Self, NotTaken> {
        let mut scanner = Scanner::new(text);
        let token = scanner.next()?;
        Ok(Self { scanner, token, forbidden })
    }

    /// Steps on, never over the closing brace: what follows it is text.
    fn step(&mut self) -> Result<(), NotTaken> {
        if self.token != Token::End {
            self.token = self.scanner.next()?;
        }
        Ok(())
    }

    fn unexpected(&self) -> NotTaken {
        match self.token {
            Token::Open => "calls are not allowed".into(),
            Token::Colon => "prefixes (`:`) are not allowed".into(),
            Token::Name(_) | Token::Literal => "an operator is missing between two values".into(),
            Token::End | Token::Binary | Token::Minus | Token::Prefix | Token::Question | Token::Close => {
                "the expression cannot be parsed".into()
            }
        }
    }

    fn choice(&mut self, depth: usize) -> Result<(), NotTaken> {
        if depth > DEPTH {
            return Err("the expression is nested too deeply".into());
        }
        self.binary(depth)?;
        if self.token == Token::Question {
            self.step()?;
            self.choice(depth + 1)?;
            if self.token != Token::Colon {
                return Err(self.unexpected());
            }
            self.step()?;
            self.choice(depth + 1)?;
        }
        Ok(())
    }

    fn binary(&mut self, depth: usize) -> Result<(), NotTaken> {
        self.unary(depth)?;
        while matches!(self.token, Token::Binary | Token::Minus) {
            self.step()?;
            self.unary(depth)?;
        }
        Ok(())
    }

    fn unary(&mut self, depth: usize) -> Result<(), NotTaken> {
        let mut prefixes = depth;
        while matches!(self.token, Token::Prefix | Token::Minus) {
            prefixes += 1;
            if prefixes > DEPTH {
                return Err("the expression is nested too deeply".into());
            }
            self.step()?;
        }
        self.value(depth)
    }

    fn value(&mut self, depth: usize) -> Result<(), NotTaken> {
        match self.token {
            Token::Name("instanceof") => Err("`instanceof` is not allowed".into()),
            Token::Name(name) if (self.forbidden)(name) => {
                let name = shortened(name);
                Err(format!("`{name}` is an object of the engine; use another name for the variable").into())
            }
            Token::Name(_) | Token::Literal => self.step(),
            Token::Open => {
                self.step()?;
                self.choice(depth + 1)?;
                if self.token != Token::Close {
                    return Err(self.unexpected());
                }
                self.step()
            }
            Token::Binary
            | Token::Minus
            | Token::Prefix
            | Token::Question
            | Token::Colon
            | Token::Close
            | Token::End => Err("a value is missing".into()),
        }
    }
}

#[cfg(test)]
mod tests;
