//! Messages that the program takes, or does not take.

use std::thread;
use std::time::Duration;

use minitalk::server::Config;
use minitalk::{Endpoint, ReceiveError};

use crate::common::*;
use crate::{is_readable, send_us};

pub fn a_message_names_its_sender() {
    let endpoint = Endpoint::bind().unwrap();
    assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Empty)));
    let nothing = endpoint.recv_timeout(Duration::from_millis(1));
    assert!(matches!(nothing, Err(ReceiveError::Empty)));
    for (lane, message) in [("bit", "Hello"), ("word", "é 🦀"), ("auto", "")] {
        let client = send_us(&["--lane", lane], message);
        let received = endpoint.recv().unwrap();
        assert_eq!(received.payload, message.as_bytes());
        assert_eq!(received.pid.get(), client.pid());
        // SAFETY: getuid takes nothing.
        assert_eq!(received.uid, Some(unsafe { libc::getuid() }));
        assert!(received.framed);
        assert_success(&client.output());
    }
    let client = send_us(&["--dialect", "lsb"], "in a dialect");
    let received = endpoint.recv().unwrap();
    assert_eq!(received.payload, b"in a dialect");
    assert!(!received.framed);
    assert_success(&client.output());
}

/// The descriptor is readable for as long as there is a message to take.
pub fn a_client_is_acknowledged_when_its_message_is_taken() {
    let endpoint = Endpoint::bind().unwrap();
    for _ in 0..3 {
        assert!(!is_readable(&endpoint, 0));
        let client = send_us(&[], "x");
        assert!(is_readable(&endpoint, -1));
        let before = switches(client.pid());
        wait_until("the client has asked again", || {
            switches(client.pid()) > before + 2
        });
        assert!(client.is_running() && is_readable(&endpoint, 0));
        assert_eq!(endpoint.try_recv().unwrap().payload, b"x");
        assert!(!is_readable(&endpoint, 0));
        assert_success(&client.output());
    }
    endpoint.stopper().stop();
    assert!(is_readable(&endpoint, -1));
    assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Stopped)));
    assert!(is_readable(&endpoint, 0), "it is no longer readable");
}

pub fn a_message_that_is_not_taken_is_rejected() {
    let endpoint = Endpoint::bind().unwrap();
    let client = send_us(&[], "x");
    assert!(is_readable(&endpoint, -1));
    drop(endpoint);
    let output = client.output();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

pub fn a_taken_message_is_acknowledged_however_the_receiver_ends() {
    for _ in 0..10 {
        let mut config = Config::default();
        config.count = Some(1);
        let endpoint = Endpoint::builder().config(config).bind().unwrap();
        let client = send_us(&[], "the last one");
        endpoint.recv().unwrap();
        drop(endpoint);
        assert_success(&client.output());
        let endpoint = Endpoint::bind().unwrap();
        let client = send_us(&[], "finished");
        assert!(is_readable(&endpoint, -1));
        let stopper = endpoint.stopper();
        stopper.stop();
        stopper.stop();
        endpoint.recv().unwrap();
        drop(endpoint);
        stopper.stop();
        assert_success(&client.output());
    }
}

pub fn clients_wait_for_a_slow_program() {
    let endpoint = Endpoint::bind().unwrap();
    let text = |n: usize| format!("from {n}");
    let clients: Vec<Process> = (0..8).map(|n| send_us(&[], &text(n))).collect();
    let mut texts: Vec<String> = (0..8)
        .map(|_| {
            // The program is busy, and the clients wait.
            thread::sleep(Duration::from_millis(20));
            String::from_utf8(endpoint.recv().unwrap().into_payload()).unwrap()
        })
        .collect();
    texts.sort();
    assert_eq!(texts, (0..8).map(text).collect::<Vec<_>>());
    for client in clients {
        assert_success(&client.output());
    }
}
