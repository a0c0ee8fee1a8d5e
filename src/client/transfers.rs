//! The transfers of a process to others: one at a time to each, in order.

use core::mem;
use std::boxed::Box;
use std::io;
use std::rc::Rc;
use std::vec::Vec;

use super::SendError;
use super::outgoing::{Outgoing, Sent, Update};
use crate::ffi::Epoll;
use crate::process::affinity;
use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin};
use crate::wire::control::{Nonce, Reply};
use crate::wire::time::Instant;

/// Holds the transfers of a process.
pub struct Transfers<'m> {
    /// The transfers that have begun, and the requests that wait for their replies.
    begun: Vec<Transfer<'m>>,
    /// Transfers that wait until an earlier one to the same process is over.
    waiting: Vec<Transfer<'m>>,
    epoll: Rc<Epoll>,
    /// Whether signals came from which the kernel had dropped the content.
    is_blank: bool,
}

/// Is a transfer, and the function that is called with what becomes of it.
type Transfer<'m> = (Outgoing<'m>, Tell<'m>);

/// Is called with what becomes of a transfer.
pub type Tell<'m> = Box<dyn FnMut(Update) + 'm>;

/// Marks the processes of servers in the epoll set; clients have their bare PIDs.
const SERVER: u64 = 1 << 32;

impl<'m> Transfers<'m> {
    /// Returns no transfers. Their processes will be added to `epoll`.
    pub const fn new(epoll: Rc<Epoll>) -> Self {
        Self {
            begun: Vec::new(),
            waiting: Vec::new(),
            epoll,
            is_blank: false,
        }
    }

    /// Adds a transfer, whose updates are passed to `tell`. No other transfer may have the same descriptor of the process.
    pub fn add(&mut self, outgoing: Outgoing<'m>, tell: Tell<'m>) {
        self.waiting.push((outgoing, tell));
        self.begin();
    }

    /// Returns the number of transfers that have begun.
    pub fn len(&self) -> usize {
        self.begun.len()
    }

    /// Returns whether there is no transfer at all. While one waits, another has begun.
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Takes a signal, and returns whether it belongs to a transfer, as far as it claims.
    pub fn handle_signal(&mut self, event: &Event, now: Instant) -> bool {
        let (pid, packet) = match &event.origin {
            _ if self.begun.is_empty() => return false,
            Origin::Claimed { pid, packet } => (*pid, packet),
            Origin::Unknown { .. } => {
                self.is_blank |= event.code == libc::SI_USER;
                return false;
            }
            Origin::Attested { .. } => return false,
        };
        let Some(reply) = Reply::from_packet(packet) else {
            return false;
        };
        for outgoing in self.to(pid).filter(|outgoing| outgoing.is_sending()) {
            outgoing.sender.handle_reply(reply, now);
        }
        true
    }

    /// Takes the number of a descriptor that is readable: a process that it stands for has ended.
    pub fn handle_ready(&mut self, number: u64) {
        let pid = number.checked_sub(SERVER);
        let pid = pid.and_then(|pid| Pid::new(pid.try_into().ok()?));
        if let Some(pid) = pid {
            self.to(pid).for_each(Outgoing::handle_exit);
        }
    }

    /// Takes the reply of the process `pid` to the request that had the client's nonce `request`. Returns whether a transfer waits for
    /// it.
    pub fn take_reply(&mut self, pid: Pid, request: Nonce, payload: Vec<u8>) -> bool {
        let waiting = self.to(pid).find(|outgoing| outgoing.awaits(request));
        waiting
            .map(|outgoing| outgoing.take_reply(payload))
            .is_some()
    }

    /// Sends the next signal of transfer `number`, below [`len`](Self::len).
    pub fn send_next(&mut self, number: usize, now: Instant) -> Sent {
        let transfer = self.begun.get_mut(number);
        transfer.map_or(Sent::Nothing, |(outgoing, _)| outgoing.send_next(now))
    }

    /// Returns transfer `number`, below [`len`](Self::len), if its bits take turns with the bits of the same process.
    pub fn taking_turns(&mut self, number: usize) -> Option<&mut Outgoing<'m>> {
        let (outgoing, _) = self.begun.get_mut(number)?;
        outgoing.takes_turns().then_some(outgoing)
    }

    /// Returns whether bits for `pid` take turns with bits that come from it.
    pub fn takes_turns(&self, pid: Pid) -> bool {
        self.all()
            .any(|outgoing| outgoing.peer.pid() == pid && outgoing.takes_turns())
    }

    /// Ends all transfers with errors.
    pub fn fail_all(&mut self, error: impl Fn() -> SendError) {
        for (outgoing, _) in self.begun.iter_mut().chain(&mut self.waiting) {
            outgoing.fail(error());
        }
    }

    /// Gives up the transfers to processes that are stopped.
    pub fn give_up_stopped(&mut self) {
        let all = self.begun.iter_mut();
        all.for_each(|(outgoing, _)| outgoing.give_up_if_stopped());
    }

    /// Handles expired timers at `now` and passes the updates to the owners. All earlier signals must have been handled.
    pub fn settle(&mut self, now: Instant) {
        let (epoll, is_blank) = (&self.epoll, self.is_blank);
        self.begun.retain_mut(|(outgoing, tell)| {
            outgoing.settle(now, is_blank);
            let Some(update) = outgoing.poll_update(now) else {
                return true;
            };
            let is_over = matches!(update, Update::Ended(_));
            if let Some(fd) = outgoing.peer.fd().filter(|_| is_over) {
                epoll.remove(fd);
            }
            tell(update);
            !is_over
        });
        // Forgotten once no transfer is left: it must not explain the timeout of a later one.
        self.is_blank &= !self.begun.is_empty();
        self.begin();
    }

    /// Returns when something is due if no signal comes; `None`: never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.all().filter_map(Outgoing::poll_timeout).min()
    }

    /// Returns whether a server's reply is due within a round trip.
    pub fn expects_reply(&self) -> bool {
        self.all().any(Outgoing::expects_reply)
    }

    /// Returns whether to poll for a reply that is due within a round trip.
    pub fn may_spin(&self) -> bool {
        self.all().any(|o| o.expects_reply() && o.may_spin)
    }

    /// Leaves this CPU to the server if both run on it. For a round of polls that has found no reply.
    pub fn leave_cpu_of_server(&self) {
        let is_due = |outgoing: &&Outgoing<'m>| outgoing.expects_reply() && outgoing.may_spin;
        if let Some(outgoing) = self.all().find(is_due) {
            affinity::leave_cpu_of(outgoing.peer.pid());
        }
    }

    /// Returns whether no transfer had to repeat anything lately.
    pub fn is_loss_free(&self) -> bool {
        self.all().all(|outgoing| outgoing.sender.is_loss_free())
    }

    /// Begins the transfers that no earlier one delays any longer.
    fn begin(&mut self) {
        for (mut outgoing, tell) in mem::take(&mut self.waiting) {
            let pid = outgoing.peer.pid();
            let delays = |(other, _): &Transfer<'_>| other.is_sending() && other.peer.pid() == pid;
            if self.begun.iter().any(delays) {
                self.waiting.push((outgoing, tell));
                continue;
            }
            if let Some(fd) = outgoing.peer.fd() {
                if let Err(error) = self.epoll.add(fd, SERVER | pid.get() as u64) {
                    outgoing.fail(io::Error::from(error).into());
                }
            }
            self.begun.push((outgoing, tell));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Outgoing<'m>> {
        self.begun.iter().map(|(outgoing, _)| outgoing)
    }

    fn to(&mut self, pid: Pid) -> impl Iterator<Item = &mut Outgoing<'m>> {
        let all = self.begun.iter_mut().map(|(outgoing, _)| outgoing);
        all.filter(move |outgoing| outgoing.peer.pid() == pid)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outgoing::tests::{MILLISECOND, at, deliver, outgoing};
    use super::*;
    use crate::ffi;
    use crate::process::peer::Peer;
    use crate::signal::set::Signal;
    use crate::wire::frame::MessageKind;
    use crate::wire::packet::Packet;
    use std::cell::RefCell;
    use std::sync::Arc;

    fn peer(pid: Pid) -> Arc<Peer> {
        Arc::new(Peer::open(pid).unwrap())
    }

    fn transfers<'m>() -> Transfers<'m> {
        Transfers::new(Rc::new(Epoll::new().unwrap()))
    }

    #[test]
    fn the_transfers_to_a_process_keep_their_order_and_a_request_does_not_delay_the_next() {
        let [own, other] = [ffi::getpid(), Pid::new(1).unwrap()];
        let ended = RefCell::new(Vec::new());
        let mut transfers = transfers();
        for (number, to, kind) in [
            (1, own, MessageKind::Request),
            (2, own, MessageKind::Message),
            (3, own, MessageKind::Message),
            (4, other, MessageKind::Message),
        ] {
            let ended = &ended;
            let tell = move |update| match update {
                Update::Ended(result) => ended.borrow_mut().push((number, result.is_ok())),
                Update::Progress(_) => panic!("too early"),
            };
            transfers.add(outgoing(&peer(to), kind).0, Box::new(tell));
        }
        assert_eq!(transfers.len(), 2, "one to each process");
        deliver(&mut transfers.begun[0].0, at(0));
        transfers.settle(at(0));
        assert_eq!(transfers.len(), 3, "the request waits for its reply alone");
        deliver(&mut transfers.begun[2].0, at(0));
        transfers.settle(at(0));
        assert_eq!(ended.take(), [(2, true)]);
        assert_eq!(transfers.len(), 3);
        transfers.fail_all(|| SendError::Stopped);
        transfers.settle(at(0));
        assert_eq!(ended.take(), [(1, false), (4, false), (3, false)]);
        assert!(transfers.is_empty());
    }

    #[test]
    fn an_answer_without_content_explains_no_timeout_of_a_later_transfer() {
        let own = peer(ffi::getpid());
        let packet = Packet::default();
        let answer = Event {
            signal: Signal::USR1,
            code: libc::SI_USER,
            origin: Origin::Unknown { packet },
        };
        let ended = RefCell::new(Vec::new());
        let mut transfers = transfers();
        transfers.handle_signal(&answer, at(0));
        for is_blank in [false, true, false] {
            let tell = |update| {
                if let Update::Ended(Err(SendError::TimedOut { blank, .. })) = update {
                    ended.borrow_mut().push(blank);
                }
            };
            transfers.add(outgoing(&own, MessageKind::Message).0, Box::new(tell));
            if is_blank {
                transfers.handle_signal(&answer, at(0));
            }
            for time in (0..600).map(|n| at(n * 10 * MILLISECOND)) {
                while let Some((begun, _)) = transfers.begun.first_mut() {
                    if begun.sender.poll_transmit(time).is_none() {
                        break;
                    }
                }
                transfers.settle(time);
            }
            assert!(transfers.is_empty(), "it never ends");
        }
        assert_eq!(ended.take(), [false, true, false]);
    }
}
