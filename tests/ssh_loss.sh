#!/bin/sh
# Loses real SSH links in the middle of a recording and shows what that costs: a loopback sshd of its own (own keys,
# own port, nothing of the system's is touched), `limbic attach` over it, kill -9 of the ssh client, again and again.
#
#   tests/ssh_loss.sh [PROGRAM]        PROGRAM: target/release/limbic
#
# Prints the time until the trial is on the screen again and the counters of the recording. Exit code 0: nothing was
# lost, or it was skipped (it says why); 1: something was lost.
set -u
skip() { echo "skipped: $1"; exit 0; }

limbic=$(realpath "${1:-target/release/limbic}" 2>/dev/null) || skip "no program; cargo build --release first"
[ -x "$limbic" ] || skip "$limbic is not there; cargo build --release first"
sshd=$(command -v sshd || ls /usr/sbin/sshd 2>/dev/null) || skip "no sshd on this machine (apt-get install openssh-server)"
for tool in ssh ssh-keygen script python3; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
done

dir=$(mktemp -d) || exit 1
daemon=
clean() {
    [ -s "$dir/home/lock" ] && kill "$(cat "$dir/home/lock")" 2>/dev/null
    [ -n "$daemon" ] && kill "$daemon" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"
}
trap clean EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ssh-keygen -q -t ed25519 -N '' -f "$dir/host" && ssh-keygen -q -t ed25519 -N '' -f "$dir/user" || exit 1
cp "$dir/user.pub" "$dir/authorized" && chmod 600 "$dir/authorized"
cat > "$dir/sshd_config" <<CONFIG
ListenAddress 127.0.0.1
Port $port
HostKey $dir/host
AuthorizedKeysFile $dir/authorized
PidFile none
PasswordAuthentication no
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
CONFIG
[ "$(id -u)" = 0 ] && mkdir -p /run/sshd
"$sshd" -D -e -f "$dir/sshd_config" 2> "$dir/sshd.log" &
daemon=$!
options="-p $port -i $dir/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
tries=0
until ssh $options "$(id -un)@127.0.0.1" true 2> "$dir/ssh.log"; do
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || skip "the loopback sshd lets nobody in: $(tail -1 "$dir/ssh.log"; tail -1 "$dir/sshd.log")"
    sleep 0.2
done

# Over SSH, as a person would: `limbic --plain` starts the lab in the background and begins a session of the simulated
# rig, which goes on when that link ends; then screen after screen is attached and its link killed.
cat > "$dir/drive.py" <<'PYTHON'
"""Keys and screens of limbic over ssh, in a pseudo-terminal."""
import os, pty, re, select, signal, subprocess, sys, time

limbic, home, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
ssh = sys.argv[4:]


class Link:
    def __init__(self, *arguments):
        self.began, self.seen = time.monotonic(), ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            remote = " ".join(["stty rows 30 cols 100; exec", limbic, "--ascii", "--home", home, *arguments])
            os.execvp("ssh", ["ssh", "-tt", *ssh, remote])

    def until(self, *words, seconds=60):
        """Waits until all words were drawn since the last keys; returns the seconds since the link was opened."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.02)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
            # Only cells that change are sent, with cursor moves between them.
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.seen)
            if all(word in text for word in words):
                return time.monotonic() - self.began
        sys.exit(f'{words} never came; last was: {self.seen[-900:]!r}')

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def login():
    began = time.monotonic()
    subprocess.run(["ssh", *ssh, "true"], check=True)
    return 1000 * (time.monotonic() - began)


alone = sorted(login() for _ in range(5))[2]
print(f"a login over this ssh by itself: {alone:.0f} ms (median of 5)")
orders = """participant P07
consent recording by=AB
devices
override "the link is what is tested"
begin
"""
remote = " ".join([limbic, "--plain", "--home", home])
started = subprocess.run(["ssh", *ssh, remote], input=orders, capture_output=True, text=True)
if started.returncode != 0:
    sys.exit(f"no session was begun: {started.stdout[-500:]} {started.stderr[-500:]}")
print("recording, begun by lines over ssh; the lab is in the background")
link = Link("attach")
link.until("7/7", "REC")
times = []
for n in range(1, rounds + 1):
    time.sleep(1)
    link.kill()
    time.sleep(1)
    link = Link("attach")
    times.append(link.until("7/7", "REC", "lost 0"))
    title = re.search(r"7/7 (SESSION|TRIAL \d+/\d+)", link.seen)
    print(f"link {n} killed (-9); {title and title[1]} on the screen over a new link after {1000 * times[-1]:.0f} ms")
link.kill()
times.sort()
median, longest = 1000 * times[len(times) // 2], 1000 * times[-1]
print(f"attached again: median {median:.0f} ms, longest {longest:.0f} ms, of which ssh's own login took about {alone:.0f} ms")
PYTHON
python3 "$dir/drive.py" "$limbic" "$dir/home" "${ROUNDS:-5}" $options "$(id -un)@127.0.0.1" || exit 1
lab=$(cat "$dir/home/lock")
kill "$lab"
while kill -0 "$lab" 2>/dev/null; do sleep 0.05; done
"$limbic" --home "$dir/home" --json show last > "$dir/show.json" || exit 1
python3 - "$dir/show.json" <<'PYTHON'
import json, sys

value = json.load(open(sys.argv[1]))
session = value["session"]
length = (session["ended"] - session["started"]) / 1e9
lost = 0
for stream in value["streams"]:
    info = stream["info"]
    print(f'{info["name"]}: {stream["written"]} written in {length:.1f} s at {info["rate"]:g} Hz, '
          f'lost {stream["lost"]}, dropped {stream["dropped"]}')
    lost += stream["lost"] + stream["dropped"]
sys.exit(1 if lost else 0)
PYTHON
