//! FEEL texts of decisions: names, literals, operators, lists, contexts, ranges and listed functions, and no more.
//!
//! In: the text of an entry or expression. Out: nothing, or what in it is not taken. The engine's FEEL reads any Java
//! object's properties and calls its methods by a path (`f.class.forName(…)`, seen to read another tenant's
//! variables), by a filter (`[f][class = …]`) and by `get value(f, "class")`. So no path is taken, no filter but an
//! index by a whole number, no function that is not listed here, no comment and no name in backticks (two readers
//! might see different tokens). What honest models lose: `order.amount` has to be an input of its own.

use super::finding::{NotTaken, shortened};

/// The built-in functions that look at the text, number, time or list they are given, and at nothing behind it.
/// `get value`, `get entries` and their kin are not among them: they read any object's properties.
const FUNCTIONS: &[&str] = &[
    "abs",
    "all",
    "any",
    "append",
    "before",
    "after",
    "ceiling",
    "coincides",
    "concatenate",
    "contains",
    "count",
    "date",
    "date and time",
    "day of week",
    "day of year",
    "decimal",
    "distinct values",
    "duplicate values",
    "during",
    "duration",
    "ends with",
    "even",
    "exp",
    "extract",
    "finished by",
    "finishes",
    "flatten",
    "floor",
    "includes",
    "index of",
    "insert before",
    "is defined",
    "last day of month",
    "list contains",
    "log",
    "lower case",
    "matches",
    "max",
    "mean",
    "median",
    "meets",
    "met by",
    "min",
    "mode",
    "modulo",
    "month of year",
    "not",
    "now",
    "number",
    "odd",
    "or else",
    "overlaps",
    "overlaps after",
    "overlaps before",
    "product",
    "random number",
    "remove",
    "replace",
    "reverse",
    "round down",
    "round half down",
    "round half up",
    "round up",
    "sort",
    "split",
    "sqrt",
    "started by",
    "starts",
    "starts with",
    "stddev",
    "string",
    "string join",
    "string length",
    "sublist",
    "substring",
    "substring after",
    "substring before",
    "sum",
    "time",
    "today",
    "trim",
    "union",
    "upper case",
    "week of year",
    "years and months duration",
];

/// Words that are no part of a name before a parenthesis.
const KEYWORDS: &[&str] =
    &["and", "between", "else", "every", "for", "if", "in", "or", "return", "satisfies", "some", "then"];

/// Keywords that the engine's FEEL takes as names of variables, too (seen): a bracket behind one may be a filter.
const NAMES_TOO: &[&str] = &["between", "every", "for", "if", "some"];

/// Most words that are kept: one more than the longest function's name has. Looking for it among all words before a
/// parenthesis would take a time that grows with their square.
const MOST_WORDS: usize = 5;

/// Looks at one FEEL text.
///
/// # Errors
/// A sentence that names what is not taken.
pub(super) fn check(text: &str) -> Result<(), NotTaken> {
    let mut reader = Reader { rest: text, operand: false, words: Vec::new() };
    while reader.token()? {}
    Ok(())
}

struct Reader<'a> {
    rest: &'a str,
    /// Whether what was read last ends an operand, so that a bracket behind it would be a filter.
    operand: bool,
    /// The words read last, with nothing but blanks between them: a name, or a function's.
    words: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// Reads one token; false at the end.
    fn token(&mut self) -> Result<bool, NotTaken> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Ok(false) };
        match first {
            '"' => self.string()?,
            '0'..='9' => self.number(),
            c if c.is_alphabetic() || c == '_' => self.word(),
            '(' => {
                self.call()?;
                self.punctuation(1, false);
            }
            ')' | ']' | '}' | '?' => self.punctuation(1, true),
            '[' => self.bracket()?,
            '.' if self.rest.starts_with("..") => self.punctuation(2, false),
            '.' if !self.operand && self.rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => {
                self.rest = self.rest.get(1..).unwrap_or_default();
                self.number();
            }
            '.' => {
                return Err("a path (`a.b`) reaches into objects; give the value an input of its own".into());
            }
            '/' if self.rest.starts_with("//") || self.rest.starts_with("/*") => {
                return Err("comments are not allowed in an expression".into());
            }
            '-' if self.rest.starts_with("->") => return Err("`->` is not allowed".into()),
            '+' | '-' | '*' | '/' | ',' | '<' | '>' | '=' | '!' | '{' | ':' | '@' => {
                self.punctuation(1, false)
            }
            other => {
                return Err(format!("the character `{}` is not allowed", other.escape_debug()).into());
            }
        }
        Ok(true)
    }

    fn punctuation(&mut self, length: usize, operand: bool) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.operand = operand;
        self.words.clear();
    }

    /// A string. A backslash takes the next character with it, as in the engine's FEEL.
    fn string(&mut self) -> Result<(), NotTaken> {
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.punctuation(at + 1, true);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err("a string does not end".into())
    }

    /// Digits, with a fraction where digits follow the dot: `1..2` is a range, `1.class` a path.
    fn number(&mut self) {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let mut end = digits(self.rest);
        if let Some(fraction) = self.rest.get(end..).and_then(|r| r.strip_prefix('.')) {
            match digits(fraction) {
                0 => {}
                count => end += 1 + count,
            }
        }
        self.punctuation(end, true);
    }

    fn word(&mut self) {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.operand = !KEYWORDS.contains(&word) || NAMES_TOO.contains(&word);
        if self.words.len() == MOST_WORDS {
            self.words.remove(0);
        }
        self.words.push(word);
    }

    /// A parenthesis: behind words it is a call, of a listed function only.
    fn call(&self) -> Result<(), NotTaken> {
        // The longest end of the words that is a function's name; `x and date(` is a call of `date`.
        let listed = (0..self.words.len()).find(|from| {
            let name = self.words.get(*from..).unwrap_or_default().join(" ");
            FUNCTIONS.contains(&name.as_str())
        });
        let before = match listed {
            Some(from) => self.words.get(..from).unwrap_or_default(),
            None => &self.words,
        };
        match before.last() {
            // What stands right before the function's name must not be a part of it: `my date(` is another one.
            Some(word) if !KEYWORDS.contains(word) => {
                let name = self.words.join(" ");
                Err(format!("the function `{}` is not allowed", shortened(&name)).into())
            }
            _ if self.operand && self.words.is_empty() => Err("calling a value is not allowed".into()),
            _ => Ok(()),
        }
    }

    /// A bracket: a list or a range; behind an operand an index by a whole number, or the open end of a range.
    fn bracket(&mut self) -> Result<(), NotTaken> {
        if self.operand {
            let inside = self.rest.get(1..).unwrap_or_default().trim_start();
            let ends_range = inside.is_empty() || inside.starts_with([',', ')']);
            let index = inside.split_once(']').is_some_and(|(index, _)| {
                let digits = index.trim().trim_start_matches('-');
                !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
            });
            if !ends_range && !index {
                return Err(
                    "a filter (`a[…]`) reaches into objects; only a whole number may stand there".into()
                );
            }
            self.punctuation(1, ends_range);
            return Ok(());
        }
        self.punctuation(1, false);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn honest_texts_are_taken() {
        for text in [
            "",
            "-",
            "19",
            "\"EU\", \"US\"",
            "not(\"US\")",
            "< 10",
            ">= 1.5",
            "[1..10]",
            "(1..10]",
            "]1..10]",
            "]1..10[",
            "[1..10[, > 20",
            "region",
            "loan amount * (1 + rate / 100)",
            "if region = null then \"EU\" else upper case(region)",
            "if some x in [amount] satisfies x > 100 then \"large\" else \"small\"",
            "date and time(\"2026-01-01T00:00:00\") < now()",
            "x and date(\"2026-01-01\") > today()",
            "{ \"a\": 1, b: [1,2,3] }",
            "sum([1, 2, .5])",
            "[1,2,3][1]",
            "items[-1]",
            "? > 5 and ? < 9",
            "a != b",
            "duration(\"P1D\")",
            "@\"2026-01-01\"",
            "\"a.b.class[x](y)\"",
            "\"a\\\"b.c\"",
            "for x in [1,2] return x ** 2",
            "years and months duration(a, b)",
            "1 in [1..2]",
            "x between 1 and 2",
            "Straße",
            "string length(name) > 3 or (a)",
            "one two three four five and last day of month(now()) > today()",
            "for x in [1, 2] return if (x > 1) then x else -x",
            "some x in [1] satisfies x = 1",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    /// Seen: seconds for 160 KB when all words before a parenthesis were looked at.
    #[test]
    fn many_words_take_no_time() {
        let began = std::time::Instant::now();
        assert!(check(&format!("{}(", "a ".repeat(2_000_000))).is_err());
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn what_reaches_into_objects_is_not() {
        for text in [
            "f.class",
            "f . class",
            "f.\nclass",
            "f./**/class",
            "f/**/.class",
            "`class`",
            "f.`class`",
            "f.getClass",
            "f.Class",
            "1.class",
            "\"a\".class",
            "(f).class",
            "[f].class",
            "{a: f}.a",
            "?.class",
            "f [class = \"x\"]",
            "[f][class = 1]",
            "[f][item.name = 1]",
            "f[true]",
            "f[x]",
            "get value(f, \"class\")",
            "get value (f, \"cla\" + \"ss\")",
            "get entries(f)",
            "get\nvalue(f, \"x\")",
            "for x in [f] return x.class.name",
            "forName(\"x\")",
            "f(1)",
            "(f)(1)",
            "my date(1)",
            "date(1)(2)",
            "function(a) external { java: { class: \"x\" } }",
            "function(a) a",
            "x -> x",
            "a // b",
            "a ; b",
            "a ' b",
            "\"open",
            "context put(f, \"a\", 1)",
            "f.5",
            "#{a}",
            "a\u{200b}.b",
            "for between in [[f]] return count(between[available = 5])",
            "for if in [[f]] return if[item.a]",
            "every[class = 1]",
            "some [x]",
            "for [f]",
            "one two three four five six get value(f, \"class\")",
            "a\\b",
            "\"a\\\\\".class",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
