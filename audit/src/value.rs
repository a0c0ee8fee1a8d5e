//! Describes the known facts about a value: the base from which it is measured, and its distance from the base.

use std::rc::Rc;

/// Names the base from which a value is measured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Base {
    /// Anything.
    Unknown,
    /// Zero: a number.
    Num,
    /// The addresses of the file of that number.
    Image(u16),
    /// The addresses of the file of that number, or zero.
    ImageOrNull(u16),
    /// The place of the stack that holds the function's return address.
    Stack,
    /// The function's argument of that number, from 0.
    Arg(u8),
    /// The function's argument of that number, with these bits set.
    Marked(u8, u32),
    /// The value in memory at an offset from the function's argument of that number.
    Field(u8, i32),
    /// The kernel's siginfo.
    Siginfo,
    /// The kernel's ucontext.
    Context,
    /// A pointer of the siginfo, which the sender of the signal or a fault chose.
    Sent,
    /// The data that each thread has of its own.
    Thread,
    /// The address of `errno`.
    Errno,
    /// The value of `errno` when the handler began.
    SavedErrno,
    /// The value of the writable word at that address of that file.
    Static(u16, u64),
    /// The value of the writable word at that address of that file, if it is not zero.
    NotNull(u16, u64),
    /// The value of a word behind a pointer that is stated to be valid; the number is an index into the explorer's list.
    Pointed(u32),
    /// The value of a word of that file, or SIG_DFL or SIG_IGN. The word lies at that address or, if the last number is not 0,
    /// follows it in steps of that many bytes.
    Element(u16, u64, u32),
    /// The handler that was installed before, as returned or stored by a function that installs handlers.
    Before,
    /// The ID of the process, or of its thread that runs the handler, for a function that sends signals.
    Own,
    /// The value that the caller had in the register of that number, which is to be kept.
    Kept(u8),
}

/// Holds a set of values: all from `base + lo` to `base + hi`, or only those at the offsets in `set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    pub base: Base,
    pub lo: i64,
    pub hi: i64,
    pub set: Option<Rc<[i64]>>,
}

/// Hashes only the bounds, which differ most often, in one word: states with many values are hashed at each branch.
impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        let bounds = self.lo ^ self.hi.rotate_left(32);
        hasher.write_i64(bounds);
    }
}

/// The largest number of values that are listed separately.
const MOST: usize = 300;

impl Value {
    pub const UNKNOWN: Self = Self {
        base: Base::Unknown,
        lo: i64::MIN,
        hi: i64::MAX,
        set: None,
    };

    pub const fn at(base: Base, offset: i64) -> Self {
        Self {
            base,
            lo: offset,
            hi: offset,
            set: None,
        }
    }

    pub const fn num(number: i64) -> Self {
        Self::at(Base::Num, number)
    }

    pub const fn range(lo: i64, hi: i64) -> Self {
        Self {
            base: Base::Num,
            lo,
            hi,
            set: None,
        }
    }

    pub const fn any_num() -> Self {
        Self::range(i64::MIN, i64::MAX)
    }

    pub const fn image(image: u16, address: u64) -> Self {
        Self::at(Base::Image(image), address.cast_signed())
    }

    /// Returns the value that is one of these offsets from `base`.
    pub fn one_of(base: Base, mut offsets: Vec<i64>) -> Self {
        offsets.sort_unstable();
        offsets.dedup();
        match offsets[..] {
            [] => Self::UNKNOWN,
            [one] => Self::at(base, one),
            [lo, .., hi] => {
                let set = (offsets.len() <= MOST).then(|| offsets.into());
                Self { base, lo, hi, set }
            }
        }
    }

    pub fn exact(&self) -> Option<i64> {
        (self.lo == self.hi && self.base != Base::Unknown).then_some(self.lo)
    }

    /// Returns an argument of the function with these bits set.
    pub fn marked(&self, bits: i64) -> Option<Self> {
        // The highest flag makes a constant of 32 bits negative.
        let signed = || i32::try_from(bits).map(i32::cast_unsigned);
        let bits = u32::try_from(bits).or_else(|_| signed()).ok()?;
        match (self.base, self.exact()?) {
            (Base::Arg(n), 0) => Some(Self::at(Base::Marked(n, bits), 0)),
            (Base::Marked(n, own), 0) => Some(Self::at(Base::Marked(n, own | bits), 0)),
            _ => None,
        }
    }

    /// Returns the number, if the value is exactly one number.
    pub fn number(&self) -> Option<i64> {
        (self.base == Base::Num).then(|| self.exact()).flatten()
    }

    pub fn is_bounded(&self) -> bool {
        self.base != Base::Unknown && self.lo > i64::MIN / 2 && self.hi < i64::MAX / 2
    }

    /// Returns all values, if they are few.
    pub fn all(&self) -> Option<Vec<i64>> {
        if self.base == Base::Unknown {
            return None;
        }
        if let Some(set) = &self.set {
            return Some(set.to_vec());
        }
        let count = self.hi.checked_sub(self.lo)?;
        (count < MOST as i64).then(|| (self.lo..=self.hi).collect())
    }

    pub fn map(&self, f: impl Fn(i64) -> i64) -> Option<Self> {
        let all = self
            .set
            .as_ref()
            .map(|s| s.to_vec())
            .or_else(|| self.exact().map(|x| vec![x]))?;
        Some(Self::one_of(self.base, all.into_iter().map(f).collect()))
    }

    pub fn plus(&self, other: &Self) -> Self {
        let (pointer, number) = match (self.base, other.base) {
            (_, Base::Num) => (self, other),
            (Base::Num, _) => (other, self),
            _ => return Self::UNKNOWN,
        };
        if pointer.base == Base::Unknown {
            return Self::UNKNOWN;
        }
        if let Some(by) = number.exact()
            && let Some(moved) = pointer.map(|x| x.wrapping_add(by))
        {
            return moved;
        }
        if let Some(from) = pointer.exact()
            && let Some(moved) = number.map(|x| x.wrapping_add(from))
        {
            return Self {
                base: pointer.base,
                ..moved
            };
        }
        Self {
            base: pointer.base,
            lo: pointer.lo.saturating_add(number.lo),
            hi: pointer.hi.saturating_add(number.hi),
            set: None,
        }
    }

    pub fn moved(&self, by: i64) -> Self {
        self.plus(&Self::num(by))
    }

    pub fn minus(&self, other: &Self) -> Self {
        if self.base == other.base
            && !matches!(self.base, Base::Unknown | Base::Pointed(_))
            && let (Some(a), Some(b)) = (self.exact(), other.exact())
        {
            return Self::num(a.wrapping_sub(b));
        }
        if other.base != Base::Num {
            return Self::UNKNOWN;
        }
        if let Some(by) = other.exact() {
            return self.moved(by.wrapping_neg());
        }
        if self.base == Base::Unknown {
            return Self::UNKNOWN;
        }
        let neg = |x: i64| x.checked_neg().unwrap_or(i64::MAX);
        Self {
            base: self.base,
            lo: self.lo.saturating_add(neg(other.hi)),
            hi: self.hi.saturating_add(neg(other.lo)),
            set: None,
        }
    }

    pub fn times(&self, factor: i64) -> Self {
        if factor == 1 {
            return self.clone();
        }
        if self.base != Base::Num {
            return Self::UNKNOWN;
        }
        if let Some(product) = self.map(|x| x.wrapping_mul(factor)) {
            return product;
        }
        // Few values stay listed separately, so that the elements which they index are known.
        if let Some(all) = self.all() {
            return Self::one_of(
                Base::Num,
                all.into_iter().map(|x| x.wrapping_mul(factor)).collect(),
            );
        }
        match (self.lo.checked_mul(factor), self.hi.checked_mul(factor)) {
            (Some(a), Some(b)) => Self::range(a.min(b), a.max(b)),
            _ => Self::any_num(),
        }
    }

    /// Returns the bits of a pointer under `mask`, if the alignment of the object that it points into makes them known.
    pub fn aligned_bits(&self, mask: i64) -> Option<i64> {
        // A function's return address lies eight bytes below a multiple of sixteen, and a file at a multiple of a page.
        let (from, most) = match self.base {
            Base::Errno => (0, 3),
            Base::Stack => (8, 15),
            Base::Image(_) => (0, 4095),
            Base::Siginfo | Base::Context | Base::Thread => (0, 7),
            _ => return None,
        };
        let offset = self.exact().filter(|_| (0..=most).contains(&mask))?;
        Some(offset.wrapping_add(from) & mask)
    }

    /// Returns by how many bytes a place of the stack moves down at most if its address is aligned by `mask`. All alignments of the
    /// stack give the same frame, but for its distance from what lies above.
    pub fn aligned_down(&self, mask: i64) -> Option<i64> {
        let alignment = mask.wrapping_neg();
        let is_alignment = alignment > 0 && alignment.count_ones() == 1;
        let offset = self
            .exact()
            .filter(|_| self.base == Base::Stack && is_alignment)?;
        // A function's return address lies eight bytes below a multiple of sixteen.
        let known = (alignment - 1) & 15;
        Some((offset.wrapping_add(8) & known) + (alignment - 1 - known))
    }

    /// Returns the value of the lower bits, zero-extended.
    pub fn low_bits(&self, bits: u32) -> Self {
        if bits >= 64 {
            return self.clone();
        }
        let most = (1i64 << bits) - 1;
        if self.base != Base::Num {
            return Self::range(0, most);
        }
        if self.lo >= 0 && self.hi <= most {
            return self.clone();
        }
        if let Some(cut) = self.map(|x| x & most) {
            return cut;
        }
        // All values have the same upper bits, as where all are below zero, or after a number was added that is to be subtracted.
        if self.lo >> bits == self.hi >> bits {
            return Self::range(self.lo & most, self.hi & most);
        }
        Self::range(0, most)
    }

    /// Returns the value of the lower bits, sign-extended.
    pub fn signed(&self, bits: u32) -> Self {
        if bits >= 64 {
            return self.clone();
        }
        let low = self.low_bits(bits);
        let half = 1i64 << (bits - 1);
        if low.hi < half {
            return low;
        }
        if low.lo >= half {
            return low.moved(-2 * half);
        }
        if let Some(cut) = low.map(|x| if x >= half { x - 2 * half } else { x }) {
            return cut;
        }
        Self::range(-half, half - 1)
    }

    pub fn or(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        if let Some(element) = self.as_element(other).or_else(|| other.as_element(self)) {
            return element;
        }
        for (pointer, other) in [(self, other), (other, self)] {
            if matches!(pointer.base, Base::ImageOrNull(_)) && other.number() == Some(0) {
                return pointer.clone();
            }
        }
        if let Some((a, b)) = self.with_null(other).or_else(|| other.with_null(self)) {
            return a.or(&b);
        }
        // SIG_ERR, SIG_DFL and SIG_IGN are no functions.
        let is_no_function = |v: &Self| matches!(v.number(), Some(-1..=1));
        for (before, other) in [(self, other), (other, self)] {
            if before.base == Base::Before && is_no_function(other) {
                return before.clone();
            }
        }
        if self.base != other.base || self.base == Base::Unknown {
            return Self::UNKNOWN;
        }
        let few = |v: &Self| {
            v.set
                .as_ref()
                .map(|s| s.to_vec())
                .or_else(|| v.exact().map(|x| vec![x]))
        };
        if let (Some(a), Some(b)) = (few(self), few(other))
            && a.len() + b.len() <= 64
        {
            return Self::one_of(self.base, [a, b].concat());
        }
        Self {
            base: self.base,
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
            set: None,
        }
    }

    /// Returns both values as pointers into a file or zero, if `self` is a pointer into it and `other` may be zero.
    fn with_null(&self, other: &Self) -> Option<(Self, Self)> {
        let Base::Image(image) = self.base else {
            return None;
        };
        let base = Base::ImageOrNull(image);
        let both = |other: &Self| {
            (
                Self {
                    base,
                    ..self.clone()
                },
                other.clone(),
            )
        };
        if other.number() == Some(0) {
            let own = both(other).0;
            return Some((own.clone(), own));
        }
        (other.base == base).then(|| both(other))
    }

    /// Returns the value without zero, if it is a pointer into a file or zero, and otherwise unchanged.
    pub fn not_null(&self) -> Self {
        match self.base {
            Base::ImageOrNull(image) => Self {
                base: Base::Image(image),
                ..self.clone()
            },
            _ => self.clone(),
        }
    }

    /// Returns an element that includes `self` and `other`. `self` must be an element, or a word that `other` shows to be chosen,
    /// as SIG_DFL or SIG_IGN does.
    fn as_element(&self, other: &Self) -> Option<Self> {
        let (image, first, step) = match self.base {
            Base::Element(image, first, step) => (image, first, step),
            Base::Static(image, at) | Base::NotNull(image, at) if self.exact() == Some(0) => {
                (image, at, 0)
            }
            _ => return None,
        };
        let is_in = |at: u64| at >= first && (at - first).is_multiple_of(step.into());
        let has = match other.base {
            Base::Num => matches!(other.number(), Some(0 | 1)),
            Base::Static(of, at) | Base::NotNull(of, at) => {
                step != 0 && other.exact() == Some(0) && of == image && is_in(at)
            }
            Base::Element(of, at, by) => {
                matches!(self.base, Base::Element(..))
                    && of == image
                    && is_in(at)
                    && by.is_multiple_of(step)
            }
            _ => false,
        };
        has.then(|| Self::at(Base::Element(image, first, step), 0))
    }

    /// Returns the result of [`or`](Self::or), without bounds that still grow.
    pub fn widened(&self, other: &Self) -> Self {
        let hull = self.or(other);
        if hull == *self || hull.base == Base::Unknown {
            return hull;
        }
        Self {
            base: hull.base,
            // A counter that goes down commonly ends at one or zero.
            lo: match hull.lo {
                lo if lo >= self.lo => lo,
                1.. => 1,
                0 => 0,
                _ => i64::MIN,
            },
            hi: if hull.hi > self.hi { i64::MAX } else { hull.hi },
            set: None,
        }
    }
}
