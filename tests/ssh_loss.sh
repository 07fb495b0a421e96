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
lab= daemon=
clean() {
    [ -n "$lab" ] && kill "$lab" 2>/dev/null
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

# A session of the simulated rig that runs by itself: the protocol's videos, recorded by the background lab. It is
# driven by keys over SSH like a person would.
cat > "$dir/rig.toml" <<RIG
name = "ssh"
[[device]]
kind = "simulator"
seed = 3
rate = 512.0
[gate]
window_s = 4.0
[protocol]
baseline_open_s = 600.0
[stimulus]
player = "null"
RIG
"$limbic" --home "$dir/home" lab --idle-s 0 > /dev/null 2>> "$dir/lab.log" < /dev/null &
lab=$!
tries=0
until [ -S "$dir/home/lab/socket" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "the lab does not open"; cat "$dir/lab.log"; exit 1; }
    sleep 0.1
done
cat > "$dir/drive.py" <<'PYTHON'
"""Keys and screens of `limbic attach` over ssh, in a pseudo-terminal."""
import os, pty, re, select, signal, sys, time

limbic, home, rig, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
ssh = sys.argv[5:]


class Link:
    def __init__(self):
        self.began, self.seen = time.monotonic(), ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp("ssh", ["ssh", "-tt", *ssh, "stty rows 30 cols 100; exec", limbic, "--ascii", "--home", home, "attach"])

    def until(self, word, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
            # Cells are sent with cursor moves between them: blanks may be missing.
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.seen)
            if all(part in text for part in word.split()):
                return time.monotonic() - self.began
        sys.exit(f'"{word}" never came; last was: {self.seen[-600:]!r}')

    def keys(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


link = Link()
link.until("new session")
link.keys("n")
link.until("PARTICIPANT")
link.keys("P07")
for _ in range(5):
    link.keys("\t")
    time.sleep(0.2)
link.keys(" ")
for _ in range(4):
    link.keys("\t")
    time.sleep(0.2)
link.keys("AB")
time.sleep(0.3)
link.keys("\r")
link.until("DEVICES")
PYTHON
echo "not finished"
exit 1
