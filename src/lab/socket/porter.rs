//! The two threads of a visitor: one reads what it says, one writes what it is told. Both end with its socket.

use super::outbox::{Outbox, Step};
use super::peer;
use super::sight::{self, Sight};
use super::wire::{self, Hello, LARGEST_SAY, LARGEST_TELL, PROTOCOL, Say, Tell, WireError};
use crate::lab::message::{Catalogue, Command, Review, Snapshot};
use crate::signal::{Nanos, SECOND, SharedClock};
use crossbeam_channel::Sender;
use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A newcomer has so long to say who it is.
const INTRODUCTION: Nanos = 2 * SECOND;
/// A write that takes longer ends the visit.
const WRITE: Duration = Duration::from_secs(2);

/// What the readers hand to the server.
pub enum Said {
    Hello(Hello),
    Command(Command),
    /// The line is closed; a sentence where the visitor is to hear why.
    Gone(Option<String>),
}

/// Receives a newcomer: starts its threads, which hand on what it says under this number.
///
/// # Errors
/// The machine gives no thread, or the socket fails.
pub fn receive(
    stream: UnixStream,
    number: u64,
    to: Sender<(u64, Said)>,
    clock: &SharedClock,
) -> std::io::Result<(Arc<Outbox>, JoinHandle<()>)> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(WRITE))?;
    let outbox = Arc::new(Outbox::default());
    let (reader, theirs, time) = (stream.try_clone()?, outbox.clone(), clock.clone());
    let listen = move || {
        let why = listen(reader, &theirs, &time, &|said| to.send((number, said)).is_ok());
        let _ = to.send((number, Said::Gone(why)));
    };
    std::thread::Builder::new().name("visitor".into()).spawn(listen)?;
    let (theirs, time) = (outbox.clone(), clock.clone());
    let tell = move || {
        // A visitor to whom nothing can be written has gone; its reader says so.
        let _ = tell(&stream, &theirs, &time);
        theirs.finish(None);
        let _ = stream.shutdown(Shutdown::Both);
    };
    let writer = std::thread::Builder::new().name("visitor-out".into()).spawn(tell)?;
    Ok((outbox, writer))
}

/// One visitor too many: a sentence, and the line is closed.
pub fn turn_away(mut stream: &UnixStream, why: String) {
    // Nothing was written to it yet, so that this does not wait; a visitor that has gone needs no word.
    let _ = stream.set_write_timeout(Some(Duration::from_millis(20)));
    let _ = wire::greet(&mut stream).and_then(|()| wire::write(&mut stream, &Tell::Goodbye { why }, LARGEST_TELL));
}

/// Reads until the line ends; returns what the visitor is to be told about it.
fn listen(mut stream: UnixStream, outbox: &Outbox, clock: &SharedClock, to: &dyn Fn(Said) -> bool) -> Option<String> {
    let (ours, theirs) = (peer::us(), peer::user(&stream).unwrap_or(u32::MAX));
    if ours != theirs {
        return Some(format!("this lab is user {ours}'s, and you are user {theirs}"));
    }
    let until = clock.now() + INTRODUCTION;
    let mut patient = Patient { stream: &mut stream, until, clock };
    let hello = match wire::greeted(&mut patient).and_then(|()| wire::read(&mut patient, LARGEST_SAY)) {
        Ok(Say::Hello(hello)) => hello,
        Ok(_) => return Some("the first message must be a hello".into()),
        Err(WireError::Silent) => return Some("no hello came within 2 s".into()),
        Err(e) => return sentence(&e),
    };
    if hello.version != env!("CARGO_PKG_VERSION") {
        return Some(other_version(&hello.version));
    }
    if stream.set_read_timeout(None).is_err() || !to(Said::Hello(hello)) {
        return None;
    }
    loop {
        match wire::read::<Say>(&mut stream, LARGEST_SAY) {
            Ok(Say::Command(command)) => {
                if !outbox.admit() || !to(Said::Command(command)) {
                    return None;
                }
            }
            Ok(Say::Seen { seq }) => outbox.seen(seq, clock.now()),
            Ok(Say::Hello(_)) => return Some("a second hello makes no sense".into()),
            Err(e) => return sentence(&e),
        }
    }
}

/// A closed line needs no words; everything else does.
fn sentence(error: &WireError) -> Option<String> {
    (!matches!(error, WireError::Closed)).then(|| error.to_string())
}

fn other_version(theirs: &str) -> String {
    let (ours, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
    let theirs: String = theirs.chars().take(20).collect();
    format!(
        "the lab (process {pid}) is limbic {ours}, protocol {PROTOCOL}, and this is limbic {theirs}: use limbic {ours}, or end \
         the lab with `kill {pid}`, which closes a recording cleanly"
    )
}

/// A stream that must have said everything by a time, however slowly it drips.
struct Patient<'a> {
    stream: &'a mut UnixStream,
    until: Nanos,
    clock: &'a SharedClock,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.until - self.clock.now();
        if left <= 0 {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(Duration::from_nanos(left.unsigned_abs())))?;
        self.stream.read(buffer)
    }
}

/// Writes what the outbox gives until it is done.
fn tell(mut stream: &UnixStream, outbox: &Outbox, clock: &SharedClock) -> Result<(), WireError> {
    wire::greet(&mut stream)?;
    let mut told = Told::default();
    loop {
        let tell = match outbox.next(|| clock.now()) {
            Step::Tell(tell) => tell,
            Step::Show(snapshot, Sight::Participant) => sight::for_participant(&snapshot),
            Step::Show(snapshot, sight) => told.reduce(&snapshot, sight),
            Step::Look => continue,
            Step::Overdue => return Err(WireError::Silent),
            Step::Done => return Ok(()),
        };
        wire::write(&mut stream, &tell, LARGEST_TELL)?;
    }
}

/// What this visitor knows already: catalogue and review are large and change seldom.
#[derive(Default)]
struct Told {
    catalogue: Option<Arc<Catalogue>>,
    review: Option<Arc<Review>>,
}

impl Told {
    fn reduce(&mut self, snapshot: &Snapshot, sight: Sight) -> Tell {
        let catalogue = !self.catalogue.as_ref().is_some_and(|c| Arc::ptr_eq(c, &snapshot.catalogue));
        let review = match (&self.review, &snapshot.review) {
            (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
            (None, None) => false,
            _ => true,
        };
        let mut snapshot = Box::new(snapshot.clone());
        if sight == Sight::LooksOn {
            sight::without_face(&mut snapshot);
        }
        if catalogue {
            self.catalogue = Some(snapshot.catalogue.clone());
        } else {
            snapshot.catalogue = Arc::default();
        }
        if review {
            self.review.clone_from(&snapshot.review);
        } else {
            snapshot.review = None;
        }
        Tell::Snapshot { catalogue, review, snapshot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::SystemClock;

    #[test]
    fn an_introduction_that_drips_ends_in_time() {
        let (mut ours, theirs) = UnixStream::pair().expect("a pair");
        let outbox = Outbox::default();
        let clock: SharedClock = Arc::new(SystemClock);
        let drip = std::thread::spawn(move || {
            use std::io::Write;
            // Ends when the reader has gone.
            while ours.write_all(b"l").is_ok() {
                std::thread::sleep(Duration::from_millis(700));
            }
        });
        let began = clock.now();
        let why = listen(theirs, &outbox, &clock, &|_| true);
        assert_eq!(why.as_deref(), Some("no hello came within 2 s"));
        assert!(clock.now() - began < 10 * SECOND);
        drip.join().expect("ends");
    }
}
