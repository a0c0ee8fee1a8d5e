//! `cargo xtask picture`: draws the terminal output of the demo for the README.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anstyle_svg::{Term, WIN10_CONSOLE};
use rustix::io::Errno;
use rustix::pty::{self, OpenptFlags};

use crate::{failed, no_arguments, product, report};

const USAGE: &str = "\
usage: cargo xtask picture

Runs the release binary's demo on a terminal and draws what it shows into docs/demo.svg, and for the crate's page into
docs/demo.html. Times and PIDs in it are those of
this run: look at it before it is committed.
";

/// The paths of the pictures.
const PICTURE: &str = "docs/demo.svg";
const INLINE: &str = "docs/demo.html";

/// The command lines at the prompt: as displayed, and as run.
const COMMANDS: [(&str, &[&str]); 2] = [
    ("demo \"Hello, signals\"", &["demo", "Hello, signals"]),
    ("demo --trace Hi", &["demo", "--trace", "Hi"]),
];

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if let Some(exit) = no_arguments("picture", USAGE, arguments) {
        return exit;
    }
    report("picture", picture())
}

fn picture() -> Result<(), String> {
    let binary = product::build()?;
    let mut shown = Vec::new();
    for (typed, arguments) in COMMANDS {
        let printed = on_a_terminal(&binary, arguments)?;
        shown.push(format!("\x1b[1;32m$\x1b[0m minitalk {typed}\n{printed}"));
    }
    let drawn = draw(&shown.join("\n"))?;
    for (name, text) in [(PICTURE, &drawn), (INLINE, &inline(&drawn))] {
        let path = product::repository().join(name);
        std::fs::write(&path, text).map_err(failed("write", &path))?;
    }
    Ok(())
}

/// Returns the drawing as an element of the crate's documentation, which cannot refer to files.
fn inline(drawn: &str) -> String {
    let mut data = String::new();
    for c in drawn.chars() {
        match c {
            // Escapes characters that would end the attribute, the address, or the line of Markdown (RFC 3986, section 2.4).
            '%' | '#' | '"' | '<' | '>' | '\n' => data += &format!("%{:02X}", u32::from(c)),
            c => data.push(c),
        }
    }
    format!("<img alt=\"minitalk demo in a terminal\" src=\"data:image/svg+xml,{data}\">\n")
}

/// Runs a program on a terminal, so that it prints in colour, and returns its output.
fn on_a_terminal(binary: &Path, arguments: &[&str]) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot run the demo on a terminal: {error}");
    let (mut screen, terminal) = terminal().map_err(failed)?;
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(terminal.try_clone().map_err(failed)?)
        .stderr(terminal);
    let mut child = command.spawn().map_err(failed)?;
    // The copies of the terminal in `command` would keep it open for ever.
    drop(command);
    let mut printed = Vec::new();
    let read = screen.read_to_end(&mut printed);
    let status = child.wait().map_err(failed)?;
    match read {
        // Linux reports EIO when no process has the other end of a terminal open.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::IO) => {}
        other => drop(other.map_err(failed)?),
    }
    let printed = String::from_utf8_lossy(&printed).into_owned();
    if status.success() {
        Ok(printed)
    } else {
        Err(format!("the demo ended with {status}:\n{printed}"))
    }
}

/// Opens a new terminal, and returns both ends: the screen, and the end for a program.
fn terminal() -> std::io::Result<(File, File)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = pty::openpt(flags)?;
    pty::grantpt(&screen)?;
    pty::unlockpt(&screen)?;
    let terminal = pty::ioctl_tiocgptpeer(&screen, flags)?;
    Ok((screen.into(), terminal.into()))
}

/// Draws the text as a terminal would show it.
fn draw(printed: &str) -> Result<String, String> {
    let term = Term::new().palette(WIN10_CONSOLE).min_width_px(0);
    let drawn = term.render_svg(printed.trim_end());
    let size = size(&drawn).ok_or("the drawing does not say its size")?;
    let (width, height) = size;
    // Without a view box a narrower page would crop the picture instead of scaling it.
    let old = format!("width=\"{width}px\" height=\"{height}px\"");
    let drawn = drawn.replacen(&old, &format!("{old} viewBox=\"0 0 {width} {height}\""), 1);
    // Browsers apply opacity to a whole text only, and 0.4 is hard to read.
    Ok(drawn.replace(
        ".dimmed { opacity: 0.4; }",
        ".dimmed { fill-opacity: 0.65; }",
    ))
}

/// Parses the width and the height of a drawing.
fn size(drawn: &str) -> Option<(u32, u32)> {
    let of = |name: &str| {
        let (_, from) = drawn.split_once(&format!(" {name}=\""))?;
        from.split_once("px\"")?.0.parse().ok()
    };
    Some((of("width")?, of("height")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text that a browser would show: the drawing without its style and its tags.
    fn text(drawn: &str) -> String {
        let (_, body) = drawn.split_once("</style>").expect("a style");
        let outside = |part: &str| part.split_once('>').map_or("", |(_, text)| text).to_owned();
        let text: String = body.split('<').map(outside).collect();
        text.replace("&lt;", "<").replace("&gt;", ">")
    }

    #[test]
    fn colours_and_text_are_drawn_without_control_characters() {
        let drawn = draw("\x1b[32m-> ok\x1b[0m a < b\r\n\x1b[2mlater\x1b[0m\r\n").unwrap();
        assert!(drawn.contains("<tspan class=\"fg-green\">"), "{drawn}");
        assert!(drawn.contains(".fg-green { fill: #"), "{drawn}");
        assert!(drawn.contains("fill-opacity"), "{drawn}");
        let shown: Vec<_> = text(&drawn).lines().map(|l| l.trim().to_owned()).collect();
        assert!(shown.contains(&"-> ok a < b".to_owned()), "{shown:?}");
        assert!(shown.contains(&"later".to_owned()), "{shown:?}");
        let controls = drawn.chars().filter(|c| c.is_control() && *c != '\n');
        assert_eq!(controls.count(), 0, "{drawn:?}");
    }

    #[test]
    fn a_drawing_has_the_size_of_its_text_and_can_be_scaled() {
        let of = |text: &str| size(&draw(text).unwrap()).unwrap();
        let (width, height) = of("a line");
        let (wider, _) = of("a line that is longer");
        let (_, higher) = of("a line\nand another");
        assert!(wider > width && higher > height);
        let drawn = draw("a line").unwrap();
        let view = format!("viewBox=\"0 0 {width} {height}\"");
        assert!(drawn.contains(&view), "{drawn}");
    }

    #[test]
    fn both_pictures_are_the_same() {
        let read = |name| std::fs::read_to_string(product::repository().join(name)).unwrap();
        assert_eq!(read(INLINE), inline(&read(PICTURE)));
        assert_eq!(read(INLINE).lines().count(), 1);
    }

    #[test]
    fn the_output_of_a_program_is_drawn_in_colour() {
        let shell = Path::new("/bin/sh");
        let script = "test -t 1 && test -t 2 && printf 'on a \\033[36mterminal\\033[0m\\n'";
        let printed = on_a_terminal(shell, &["-c", script]).unwrap();
        assert_eq!(printed, "on a \x1b[36mterminal\x1b[0m\r\n");
        assert!(on_a_terminal(shell, &["-c", "exit 3"]).is_err());
    }
}
