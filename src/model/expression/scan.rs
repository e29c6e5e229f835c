//! The words of an expression: what stands between `${` and `}`.
//!
//! In: the text after `${` or `#{`. Out: one [`Token`] after the other. A narrower language than the engine's
//! (JUEL, `org.camunda.bpm.impl.juel.Scanner`): what is taken here reads the same there; what may read otherwise
//! (backslashes, `$` in names, numbers that end in a dot) is not taken.

use crate::model::finding::NotTaken;

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A bare name.
    Name(&'a str),
    /// A number, a string, `true`, `false` or `null`.
    Literal,
    /// `+ - * / % div mod == != eq ne < > <= >= lt gt le ge && || and or`, all between two values.
    Binary,
    /// `-`: between two values, or before one.
    Minus,
    /// `! not empty`, before a value.
    Prefix,
    /// `?`
    Question,
    /// `:`
    Colon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `}`
    End,
}

/// Goes through an expression.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// Starts after `${` or `#{`.
    pub(super) fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// What is left after the last word.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next word.
    ///
    /// # Errors
    /// A sentence that names what is not taken.
    pub(super) fn next(&mut self) -> Result<Token<'a>, NotTaken> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = self.rest.chars().next() else {
            return Err("the expression has no `}`".into());
        };
        for (text, token) in FIXED {
            if let Some(rest) = self.rest.strip_prefix(text) {
                self.rest = rest;
                return Ok(*token);
            }
        }
        match first {
            '\'' | '"' => self.string(first),
            '0'..='9' => self.number(),
            _ if is_name_start(first) => Ok(self.name()),
            '.' => Err("properties (`.`) are not allowed".into()),
            '[' | ']' => Err("`[` and `]` are not allowed".into()),
            '=' => Err("assignments are not allowed".into()),
            ',' => Err("calls are not allowed".into()),
            '{' => Err("`{` inside an expression is not allowed".into()),
            other => Err(format!("`{}` is not allowed", other.escape_default()).into()),
        }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn string(&mut self, quote: char) -> Result<Token<'a>, NotTaken> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.find(quote).ok_or("a string has no end")?;
        // A backslash may hide the end of the string. Braces mislead readers that look for the expression's end
        // without knowing strings: the engine splits `candidateUsers` at commas by counting them.
        if inner.get(..end).is_some_and(|text| text.contains(['\\', '{', '}'])) {
            return Err("`\\`, `{` and `}` in a string are not allowed".into());
        }
        self.take(end + 2);
        Ok(Token::Literal)
    }

    fn number(&mut self) -> Result<Token<'a>, NotTaken> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        self.take(digits(self.rest));
        if let Some(fraction) = self.rest.strip_prefix('.') {
            let count = digits(fraction);
            if count == 0 {
                return Err("a number may not end in a dot".into());
            }
            self.take(1 + count);
        }
        if let Some(exponent) = self.rest.strip_prefix(['e', 'E']) {
            let signed = usize::from(exponent.starts_with(['+', '-']));
            let count = digits(exponent.get(signed..).unwrap_or_default());
            if count > 0 {
                self.take(1 + signed + count);
            }
        }
        Ok(Token::Literal)
    }

    fn name(&mut self) -> Token<'a> {
        let end = self.rest.find(|c| !is_name_part(c)).unwrap_or(self.rest.len());
        match self.take(end) {
            "true" | "false" | "null" => Token::Literal,
            "empty" | "not" => Token::Prefix,
            "and" | "or" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "div" | "mod" => Token::Binary,
            name => Token::Name(name),
        }
    }
}

/// Longest first.
const FIXED: &[(&str, Token<'static>)] = &[
    ("&&", Token::Binary),
    ("||", Token::Binary),
    ("==", Token::Binary),
    ("!=", Token::Binary),
    ("<=", Token::Binary),
    (">=", Token::Binary),
    ("<", Token::Binary),
    (">", Token::Binary),
    ("+", Token::Binary),
    ("*", Token::Binary),
    ("/", Token::Binary),
    ("%", Token::Binary),
    ("-", Token::Minus),
    ("!", Token::Prefix),
    ("?", Token::Question),
    (":", Token::Colon),
    ("(", Token::Open),
    (")", Token::Close),
    ("}", Token::End),
];

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
