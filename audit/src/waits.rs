//! Decides by the conditions of a loop whether it ends by itself, or waits for other code.

use iced_x86::{ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::graph::{Graph, Taken};
use crate::hash::Set;
use crate::libc;
use crate::line::{Variable, is_call, whole};

const NO_ROOM: &str =
    "tries again until there is room, which the interrupted code may have to make";

impl Graph<'_> {
    /// Returns how often a compare-and-swap can be tried again.
    pub fn swap(&self, at: u64) -> Taken {
        // Each round expects the same value: the loop waits for a lock.
        if self.frame.expects.get(&at).copied().unwrap_or(true) && !self.expects_what_it_loads(at) {
            Taken::Waits("waits for a lock, which the interrupted code may hold")
        } else {
            Taken::Note("tries again until nothing comes between (compare and swap)")
        }
    }

    /// Returns how often a branch can be taken that compares with the result of a function, or with memory.
    pub fn asked(
        &self,
        branch: u64,
        cause: u64,
        condition: ConditionCode,
        bound: Option<i64>,
    ) -> Taken {
        use ConditionCode as C;
        const EINTR: i64 = 4;
        const EAGAIN: i64 = 11;
        let i = &self.code[&cause];
        // The comparison excludes both -1 and 0: one is added, and the sum is above one.
        if i.mnemonic() == Mnemonic::Add
            && i.try_immediate(1).is_ok_and(|one| one == 1)
            && matches!((condition, bound), (C::a, Some(1)))
            && let Some(call) = whole(i, 0).and_then(|place| self.cause(cause, place))
            && is_call(&self.code[&call])
            && !self.is_raw(call)
        {
            return self.asked(branch, call, C::g, Some(0));
        }
        // The comparison excludes both 0 and -1: one is subtracted, and the rest is below the two largest numbers.
        let takes_one = i.mnemonic() == Mnemonic::Add
            && i.try_immediate(1)
                .is_ok_and(|n| matches!(n, u64::MAX | 0xffff_ffff))
            || i.mnemonic() == Mnemonic::Dec
            || i.mnemonic() == Mnemonic::Sub && i.try_immediate(1).is_ok_and(|n| n == 1);
        if takes_one
            && matches!((condition, bound), (C::b, Some(-2 | 0xffff_fffe)))
            && let Some(call) = whole(i, 0).and_then(|place| self.cause(cause, place))
            && is_call(&self.code[&call])
            && !self.is_raw(call)
        {
            return self.asked(branch, call, C::g, Some(0));
        }
        if self.frame.errno_reads.contains(&cause) {
            return match (condition, bound) {
                // A call that succeeds leaves `errno` unchanged.
                (C::e, Some(EINTR)) if !self.has_failed(branch) => Taken::Unknown,
                (C::e, Some(EINTR)) => Taken::Note("tries again what a signal interrupted"),
                (C::e, Some(EAGAIN)) if self.passes(branch, &self.polls()) => {
                    Taken::Note("waits until there is room, as a call does that blocks")
                }
                (C::e, Some(EAGAIN)) => Taken::Waits(NO_ROOM),
                _ => Taken::Unknown,
            };
        }
        if is_call(i) {
            let is_raw = self.is_raw(cause);
            let all = |test: fn(&str) -> bool| self.gives(cause, test);
            let is_some = matches!(
                (condition, bound),
                (C::g, Some(0)) | (C::ge, Some(1)) | (C::e, Some(1..))
            ) || !is_raw && matches!((condition, bound), (C::a, Some(0)));
            let is_no_error = matches!(
                (condition, bound),
                (C::ns | C::ge, Some(0)) | (C::g, Some(-1))
            );
            let sends = all(|n| matches!(n, "write" | "send"));
            let succeeds = sends && (is_some || is_no_error);
            let is_error = |number: i64| {
                let is_same = |bound| bound as i32 == -number as i32;
                is_raw && condition == C::e && bound.is_some_and(is_same)
            };
            return if is_error(EINTR) {
                Taken::Note("tries again what a signal interrupted")
            } else if is_error(EAGAIN) {
                Taken::Waits(NO_ROOM)
            } else if all(comes_to_an_end) && is_some && !self.goes_back()
                || succeeds && self.asks_for_more()
            {
                Taken::Note("loops until what it calls has nothing more to give or to take")
            } else if succeeds {
                Taken::Waits("repeats a call as long as it succeeds, which has no end")
            } else if all(waits_for_others) && !self.asks_for_another(branch, cause) {
                Taken::Waits("tries again until others let it, such as the interrupted code")
            } else {
                Taken::Unknown
            };
        }
        if matches!(i.mnemonic(), Mnemonic::Sete | Mnemonic::Setne) {
            return match self.flags(cause) {
                Some(at) if is_swap(&self.code[&at]) => self.swap(at),
                _ => Taken::Unknown,
            };
        }
        let touches = (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
            && i.mnemonic() != Mnemonic::Lea;
        if touches && i.slot.is_none() && self.is_for_others(i) {
            return if matches!(
                i.mnemonic(),
                Mnemonic::Xchg | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
            ) {
                Taken::Waits("waits for a lock, which the interrupted code may hold")
            } else {
                Taken::Waits(
                    "waits for memory to change, which the interrupted code may have to do",
                )
            };
        }
        Taken::Unknown
    }

    /// Returns whether each round passes a call that lets other code run: the program waits on purpose.
    pub fn sleeps(&self) -> bool {
        let naps = |name: &str| {
            matches!(
                name,
                "pause" | "sleep" | "usleep" | "nanosleep" | "clock_nanosleep" | "sigsuspend"
            )
        };
        let rest = |at: &u64| !self.gives(*at, naps);
        let edges = self.nodes.iter().copied().filter(rest);
        let edges = edges.map(|at| (at, self.after(at).into_iter().filter(rest).collect()));
        crate::rings::rings(&edges.collect()).is_empty()
    }

    /// Returns whether each round comes to the branch through another branch that tests the result of a call.
    fn has_failed(&self, branch: u64) -> bool {
        let asks = |at: u64| {
            let setter = self.flags(at);
            setter.is_some_and(|setter| self.result(setter).is_some())
        };
        let others = self.instructions().filter(|(at, i)| {
            i.flow_control() == FlowControl::ConditionalBranch && *at != branch && asks(*at)
        });
        let others: Vec<u64> = others.map(|(at, _)| at).collect();
        self.passes(branch, &others)
    }

    /// Returns whether the loop goes back in the file that it reads.
    fn goes_back(&self) -> bool {
        let mut all = self.instructions();
        all.any(|(at, _)| self.gives(at, |name| name == "lseek"))
    }

    /// Returns the calls that wait for a descriptor.
    fn polls(&self) -> Vec<u64> {
        let waits = |name: &str| matches!(name, "poll" | "select" | "pselect");
        let calls = self.instructions().filter(|(at, _)| self.gives(*at, waits));
        calls.map(|(at, _)| at).collect()
    }

    /// Returns whether the result of a call comes only from functions for which `test` holds, or from the system calls of these
    /// names.
    fn gives(&self, call: u64, test: impl Fn(&str) -> bool) -> bool {
        let names = self.frame.results.get(&call);
        let plain = |name: &String| test(name.strip_prefix(libc::RAW).unwrap_or(name));
        names.is_some_and(|names| !names.is_empty() && names.iter().all(plain))
    }

    /// Returns whether the result of a call may come from the kernel itself, which reports an error as a negative number.
    fn is_raw(&self, call: u64) -> bool {
        let names = self.frame.results.get(&call).into_iter().flatten();
        names.into_iter().any(|name| name.starts_with(libc::RAW))
    }

    /// Returns whether the loop has a second condition, or adds or subtracts a computed value, as a loop that writes the rest of a
    /// text.
    fn asks_for_more(&self) -> bool {
        let branches = self
            .instructions()
            .filter(|(_, i)| i.flow_control() == FlowControl::ConditionalBranch);
        branches.count() > 1
            || self.instructions().any(|(_, i)| {
                let is_sum = matches!(i.mnemonic(), Mnemonic::Add | Mnemonic::Sub);
                is_sum && whole(i, 1).is_some()
                    || i.mnemonic() == Mnemonic::Lea && i.memory_index() != Register::None
            })
    }

    /// Returns the instruction that computed the truth value that the branch tests, and its condition. Code at -O0 keeps such a
    /// value in a byte.
    ///
    /// All other instructions set the byte to false, and each round sets the byte.
    pub fn truth(
        &self,
        branch: u64,
        setter: u64,
        condition: ConditionCode,
    ) -> Option<(u64, ConditionCode)> {
        let i = &self.code[&setter];
        let tests_one = i.mnemonic() == Mnemonic::Test
            && (i.try_immediate(1).is_ok_and(|one| one == 1)
                || i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register());
        let against_zero =
            i.mnemonic() == Mnemonic::Cmp && i.try_immediate(1).is_ok_and(|zero| zero == 0);
        if condition != ConditionCode::ne || !(tests_one || against_zero) {
            return None;
        }
        let (mut todo, mut made, mut all) = (vec![(setter, whole(i, 0)?, false)], None, Vec::new());
        let mut seen = Set::default();
        while let Some((at, place, is_turned)) = todo.pop() {
            if !self.is_usable(place) || seen.len() > 20 {
                return None;
            }
            for def in self.reaching(at, place).0 {
                let i = &self.code[&def];
                if !seen.insert(def) {
                    continue;
                }
                let constant = i.try_immediate(i.op_count().saturating_sub(1)).ok();
                let turns = i.mnemonic() == Mnemonic::Not || constant.is_some_and(|n| n & 1 == 1);
                let is_same =
                    i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register();
                match i.mnemonic() {
                    Mnemonic::Xor if is_same && !is_turned => all.push(def),
                    Mnemonic::Mov if constant == Some(0) && !is_turned => all.push(def),
                    Mnemonic::And if constant == Some(1) => todo.push((def, place, is_turned)),
                    Mnemonic::Xor | Mnemonic::Not if turns => todo.push((def, place, !is_turned)),
                    Mnemonic::Mov | Mnemonic::Movzx => todo.push((def, whole(i, 1)?, is_turned)),
                    _ if i.op_count() == 1
                        && i.condition_code() != ConditionCode::None
                        && made.is_none() =>
                    {
                        all.push(def);
                        let own = i.condition_code();
                        let turned = crate::comparison::opposite(own);
                        made = Some((def, if is_turned { turned } else { own }));
                    }
                    _ => return None,
                }
            }
        }
        made.filter(|_| self.passes(branch, &all))
    }

    /// Returns a note if one branch stays in the loop unless a result is 0, and another branch unless it is negative, in either
    /// order. Only positive results are then left, and these must come to an end.
    pub fn neither(
        &self,
        branch: u64,
        setter: u64,
        condition: ConditionCode,
        bound: Option<i64>,
    ) -> Option<Taken> {
        let call = self.result(setter)?;
        let (ends, is_raw) = (self.gives(call, comes_to_an_end), self.is_raw(call));
        let own = excluded(condition, bound?, is_raw)?;
        let others: Vec<u64> = self
            .instructions()
            .filter(|(at, i)| {
                i.flow_control() == FlowControl::ConditionalBranch
                    && *at != branch
                    && self.after(*at).len() == 1
                    && self.flags(*at).is_some_and(|setter| {
                        let other = self.compared(setter);
                        let other =
                            other.and_then(|with| excluded(self.goes_on(*at, i), with, is_raw));
                        other.is_some_and(|other| other != own) && self.result(setter) == Some(call)
                    })
            })
            .map(|(at, _)| at)
            .collect();
        (ends && !self.goes_back() && self.passes(branch, &others) && self.passes(branch, &[call]))
            .then_some(Taken::Note(
                "loops until what it calls has nothing more to give or to take",
            ))
    }

    /// Returns the condition under which a branch with one way out of the loop stays in the loop.
    fn goes_on(&self, at: u64, i: &Instruction) -> ConditionCode {
        if self.after(at) == [i.near_branch_target()] {
            i.condition_code()
        } else {
            crate::comparison::opposite(i.condition_code())
        }
    }

    /// Returns the number that an instruction compares with.
    fn compared(&self, setter: u64) -> Option<i64> {
        let i = &self.code[&setter];
        let is_same = i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register();
        match i.mnemonic() {
            Mnemonic::Cmp => {
                let number = i.try_immediate(1).ok()?;
                let is_half = crate::operand::size_of(i, 0) == 4;
                Some(if is_half {
                    (number as u32).cast_signed().into()
                } else {
                    number.cast_signed()
                })
            }
            Mnemonic::Test if is_same => Some(0),
            _ => None,
        }
    }

    /// Returns the call whose result a comparison tests.
    fn result(&self, setter: u64) -> Option<u64> {
        let i = &self.code[&setter];
        let call = self.cause(setter, whole(i, 0).filter(|place| self.is_usable(*place))?)?;
        is_call(&self.code[&call]).then_some(call)
    }

    /// Returns the instruction that computed the value of `place` at `at`, behind instructions that only move the value.
    pub fn cause(&self, at: u64, place: Variable) -> Option<u64> {
        let (mut at, mut place) = (at, place);
        for _ in 0..10 {
            let (defs, _) = self.reaching(at, place);
            let [def] = defs[..] else { return None };
            let i = &self.code[&def];
            let moves = matches!(
                i.mnemonic(),
                Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
            );
            match whole(i, 1).filter(|_| moves) {
                Some(from) => (at, place) = (def, from),
                None => return Some(def),
            }
        }
        None
    }

    /// Returns whether the loop itself leaves the loaded memory unchanged; stores by an instruction that takes a lock do not count.
    fn is_for_others(&self, load: &Instruction) -> bool {
        let is_fixed = [load.memory_base(), load.memory_index()].iter().all(|r| {
            *r == Register::None
                || *r == Register::RIP
                || self
                    .changes(Variable::Register(r.full_register()))
                    .is_empty()
        });
        let is_lock = matches!(
            load.mnemonic(),
            Mnemonic::Xchg | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
        );
        let same = |i: &Instruction| {
            i.memory_base() == load.memory_base()
                && i.memory_index() == load.memory_index()
                && i.memory_displacement64() == load.memory_displacement64()
        };
        is_fixed
            && self.instructions().all(|(at, i)| {
                let calls_own = is_call(i) && self.frame.called.get(&at).copied().unwrap_or(true);
                let stores = i.op0_kind() == OpKind::Memory
                    && same(i)
                    && !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
                !calls_own && (is_lock || !stores)
            })
    }
}

/// Says which results a condition excludes.
#[derive(PartialEq)]
enum Excluded {
    Zero,
    Errors,
}

/// Returns which results of a call the condition excludes, in a comparison with that number.
fn excluded(condition: ConditionCode, with: i64, is_raw: bool) -> Option<Excluded> {
    use ConditionCode as C;
    // The kernel's errors are the numbers from -4095 to -1.
    match (condition, with) {
        (C::ne, 0) => Some(Excluded::Zero),
        (C::ne, -1) if !is_raw => Some(Excluded::Errors),
        (C::g, -1) | (C::ns | C::ge, 0) | (C::b, -4095) | (C::be, -4096) => Some(Excluded::Errors),
        _ => None,
    }
}

/// Returns whether a function's positive results come to an end, because each call takes something away.
fn comes_to_an_end(name: &str) -> bool {
    matches!(
        name,
        "read"
            | "recv"
            | "recvfrom"
            | "recvmsg"
            | "waitpid"
            | "wait"
            | "wait3"
            | "wait4"
            | "accept"
            | "accept4"
            | "getdents64"
    )
}

/// Returns whether a function succeeds or fails depending on other code.
fn waits_for_others(name: &str) -> bool {
    matches!(
        name,
        "open"
            | "openat"
            | "creat"
            | "access"
            | "faccessat"
            | "stat"
            | "lstat"
            | "fstatat"
            | "link"
            | "linkat"
            | "symlink"
            | "mkdir"
            | "rename"
            | "unlink"
            | "rmdir"
            | "kill"
            | "fcntl"
            | "flock"
            | "lockf"
            | "sem_trywait"
            | "pthread_mutex_trylock"
            | "pthread_spin_trylock"
            | "pthread_rwlock_trywrlock"
            | "connect"
    )
}

pub fn is_swap(i: &Instruction) -> bool {
    matches!(
        i.mnemonic(),
        Mnemonic::Cmpxchg | Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b
    )
}
