//! Steps as they came out: one line each, under headings, and whether all came out as told.

/// What a step was meant to show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// Honest work, served.
    Allowed,
    /// Reaching for another's, refused or answered as if it did not exist.
    Refused,
}

/// The story so far.
#[derive(Default)]
pub struct Table {
    total: usize,
    wrong: Vec<String>,
    allowed: usize,
    refused: usize,
}

impl Table {
    /// Begins a chapter.
    pub fn heading(&self, text: &str) {
        println!("\n{text}");
        println!("     {:<10} {:<58} {:<9} what came", "who", "asks", "meant");
        println!("     {} {} {} {}", "─".repeat(10), "─".repeat(58), "─".repeat(9), "─".repeat(34));
    }

    /// Adds a step and shows it; `wrong` says why it did not come out as told.
    pub fn step(&mut self, who: &str, asks: &str, meant: Meant, came: &str, wrong: Option<String>) {
        self.total += 1;
        let word = match meant {
            Meant::Allowed => "allowed",
            Meant::Refused => "refused",
        };
        let mark = if wrong.is_none() { "✓" } else { "✗" };
        println!("{mark} {:>2} {who:<10} {:<58} {word:<9} {came}", self.total, shortened(asks, 58));
        match (wrong, meant) {
            (Some(why), _) => self.wrong.push(format!("step {} ({who}: {asks}): {why}", self.total)),
            (None, Meant::Allowed) => self.allowed += 1,
            (None, Meant::Refused) => self.refused += 1,
        }
    }

    /// Shows the end; whether every step came out as told.
    pub fn print(&self) -> bool {
        println!("\n{} steps: {} allowed, {} refused as told", self.total, self.allowed, self.refused);
        for wrong in &self.wrong {
            println!("✗ {wrong}");
        }
        self.total > 0 && self.wrong.is_empty()
    }
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
