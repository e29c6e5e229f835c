//! Style, script and icon: built into the program, so it is one file to run.

use actix_web::HttpResponse;

const A_DAY: (&str, &str) = ("Cache-Control", "max-age=86400");

/// The style.
pub(crate) const STYLE: &str = include_str!("style.css");
/// The script. Everything works without it.
pub(crate) const SCRIPT: &str = include_str!("script.js");
const ICON: &str = include_str!("icon.svg");

/// A word for the address that changes with the file: what was kept for a day is never older than the page.
pub(crate) fn version(file: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in file.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:x}")
}

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header(A_DAY).body(STYLE)
}

pub(crate) async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").insert_header(A_DAY).body(SCRIPT)
}

pub(crate) async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").insert_header(A_DAY).body(ICON)
}
