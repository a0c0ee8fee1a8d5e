//! The program's own functions: an output or a function for notes that panics, or is slow.

use std::sync::mpsc;

use minitalk::engine;
use minitalk::server::{Config, Note, ServeError};
use minitalk::{Endpoint, Inbox, SignalSet, block_signals};

use crate::common::*;
use crate::send_us;

/// Runs a server until it ends, and returns its error and the output of its client.
fn serve_one(
    output: engine::Output,
    notes: &mut dyn FnMut(&Note),
    trace: bool,
) -> (ServeError, std::process::Output) {
    // Called before any thread starts, so that each inherits the mask.
    block_signals();
    let mut inbox = Inbox::open_for(SignalSet::LANES).unwrap();
    let client = send_us(&[], "for a function that panics");
    let mut config = Config::default();
    config.trace = trace;
    let error = engine::serve(&mut inbox, config, vec![output], notes, None).unwrap_err();
    inbox.leak();
    (error, client.output())
}

pub fn a_panic_in_the_output_ends_the_server() {
    let output = Box::new(|_: &minitalk::Message| panic!("on purpose"));
    let (error, client) = serve_one(output, &mut |_| {}, false);
    assert!(matches!(error, ServeError::Panicked("output")), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the caller's own function for output panicked"
    );
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    assert!(stderr(&client).contains("could not write its output"));
}

pub fn a_panic_in_notes_ends_the_server() {
    let (error, client) = serve_one(Box::new(|_| Ok(())), &mut |_| panic!("on purpose"), true);
    assert!(matches!(error, ServeError::Panicked("notes")), "{error:?}");
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    assert!(stderr(&client).contains("shutting down"), "{client:?}");
}

/// The last note says that the session is over. A client that ends after the server causes no such note.
pub fn a_panic_in_the_last_note_is_an_error() {
    let mut inbox = Inbox::open().unwrap();
    let mut config = Config::default();
    config.count = Some(1);
    config.trace = true;
    let mut has_panicked = false;
    let mut notes = |note: &Note| {
        has_panicked = matches!(note, Note::SessionEnded(_));
        assert!(!has_panicked, "on purpose");
    };
    let client = send_us(&[], "the last");
    let result = engine::serve(
        &mut inbox,
        config,
        vec![Box::new(|_| Ok(()))],
        &mut notes,
        None,
    );
    assert_success(&client.output());
    let is_reported = matches!(result, Err(ServeError::Panicked("notes")));
    assert_eq!(is_reported, has_panicked, "{result:?}");
}

pub fn unread_notes_delay_no_message() {
    let (tell, told) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let mut config = Config::default();
    config.trace = true;
    let builder = Endpoint::builder().config(config).notes(move |note| {
        let _ = wait.recv();
        let _ = tell.send(note.clone());
    });
    let endpoint = builder.bind().unwrap();
    // The message causes some thousand notes.
    let message = "x".repeat(300);
    let client = send_us(&["--lane", "bit"], &message);
    assert_eq!(endpoint.recv().unwrap().payload, message.as_bytes());
    assert_success(&client.output());
    drop(go);
    assert!(told.iter().any(|note| matches!(note, Note::Missing(1..))));
    drop(endpoint);
}
