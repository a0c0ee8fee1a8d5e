//! The two ends of the link as the bodies drive them, with parts that can be replaced by defective ones.

use minitalk::wire::control::{Reply, Request};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::receiver::{FrameReceiver, Response};
use minitalk::wire::sender::{FrameSender, LinkFailure, Transmit};
use minitalk::wire::time::Instant;

/// [`react`], or a defect in its place.
pub type Serve = dyn FnMut(&mut FrameReceiver, Channel, Option<Request>) -> Response;

/// [`FrameSender::handle_reply`], or a defect in its place.
pub type Hear = dyn FnMut(&mut FrameSender<'_>, Reply, Instant);

/// Acts as the server: a bare real-time signal introduces its sender, a packet carries a request.
pub fn react(receiver: &mut FrameReceiver, channel: Channel, request: Option<Request>) -> Response {
    match request {
        None => {
            receiver.handle_bare();
            Response::default()
        }
        Some(request) => receiver.handle_request(channel, request),
    }
}

/// Returns the request that a sender's packet carries.
pub fn request_in(packet: &Packet) -> Request {
    let request = Request::from_packet(packet).expect("a sender's packet carries a request");
    assert_eq!(request.packet(), *packet, "another packet of that request");
    request
}

/// The action of a sender at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It sends a signal.
    Send(Transmit),
    /// It waits until this moment.
    Wait(Instant),
    /// It is done.
    Finished(Result<(), LinkFailure>),
}

/// Returns what `sender` does at `now`.
pub fn step(sender: &mut FrameSender<'_>, now: Instant) -> Step {
    match sender.poll_transmit(now) {
        Some(transmit) => Step::Send(transmit),
        None => match (sender.result(), sender.poll_timeout()) {
            (Some(result), timeout) => {
                assert_eq!(timeout, None, "a timeout after the end");
                Step::Finished(result)
            }
            (None, Some(at)) => Step::Wait(at),
            (None, None) => panic!("a sender that waits for nothing"),
        },
    }
}
