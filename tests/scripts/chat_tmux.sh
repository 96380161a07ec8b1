#!/usr/bin/env bash
# The chat as typed on a real terminal (tmux), LANG unset and zh_CN.UTF-8: chat_tmux.sh SLM WRITE_TINY_CHAT_MODEL.
# Typing, moving and deleting over wide characters; history; commands; several lines; Ctrl-C. Exits 77 without tmux.
set -uo pipefail
slm=$1 write_model=$2
command -v tmux > /dev/null || { echo "SKIPPED: tmux is not installed"; exit 77; }
work=$(mktemp -d)
socket=
trap 'stop_server; rm -rf "$work"' EXIT
"$write_model" "$work/tiny-it.gguf" context=65536

t() { tmux -u -S "$socket" "$@"; }
stop_server() { [ -z "$socket" ] || t kill-server 2> /dev/null; }
screen() { t capture-pane -p -J -S - -t chat; }
# wait_for TEXT [SECONDS]: until the screen shows it.
wait_for() {
  local i
  for ((i = 0; i < ${2:-20} * 10; i++)); do
    screen | grep -qF -- "$1" && return 0
    sleep 0.1
  done
  echo "FAILED: \"$1\" did not appear; the screen:"
  screen
  exit 1
}
# current_line: the line the cursor is on.
current_line() { t capture-pane -p -t chat | sed -n "$(($(t display-message -p -t chat '#{cursor_y}') + 1))p"; }
# wait_line TEXT: until the line under the cursor is just that.
wait_line() {
  local i
  for ((i = 0; i < 100; i++)); do
    [ "$(current_line | sed 's/ *$//')" = "$1" ] && return 0
    sleep 0.1
  done
  echo "FAILED: the line is \"$(current_line)\" and not \"$1\""
  screen
  exit 1
}
keys() { t send-keys -t chat "$@"; }
type_text() { t send-keys -t chat -l -- "$1"; }
column() { t display-message -p -t chat '#{cursor_x}'; }

# session NAME LOCALE. Each has a server of its own: a server whose last session was killed takes its time to end, and a
# session that is started on it meanwhile ends with it.
session() {
  local locale=$2 saved=$work/saved-$1.json
  stop_server
  socket=$work/tmux-$1
  # The shell around it says the exit code itself: tmux loses a dead pane's status now and then.
  t new-session -d -s chat -x 100 -y 40 env -u LC_ALL -u LC_MESSAGES LANG="$locale" TERM=screen SLM_HOME="$work/home" \
    sh -c 'trap : INT; "$@"; echo "ended with code $?"; sleep 60' sh "$slm" run "$work/tiny-it.gguf" --lang en --max-tokens 4 --temperature 0 --threads 1
  t set-option -w -t chat remain-on-exit on
  wait_for "/help lists the commands"
  wait_line ">>>"

  # Wide characters: two columns each; moving and deleting by whole characters.
  type_text "/zz 你好吗"
  wait_line ">>> /zz 你好吗"
  [ "$(column)" = 14 ] || { echo "FAILED: the cursor stands at column $(column) and not 14"; screen; exit 1; }
  keys Left Left
  sleep 0.3
  [ "$(column)" = 10 ] || { echo "FAILED: after two steps left, column $(column) and not 10"; screen; exit 1; }
  keys BSpace
  wait_line ">>> /zz 好吗"
  type_text "世"
  wait_line ">>> /zz 世好吗"
  keys End BSpace
  wait_line ">>> /zz 世好"
  keys Enter
  wait_for "there is no chat command /zz"
  wait_line ">>>"

  # Commands, and history.
  type_text "/set temprature 1"; keys Enter
  wait_for "did you mean temperature?"
  type_text "/set temperature 0"; keys Enter
  wait_line ">>>"
  keys Up
  wait_line ">>> /set temperature 0"
  keys C-u
  wait_line ">>>"
  type_text "/system Be brief."; keys Enter
  wait_for "the system text is set"

  # A turn; then several lines between quotes.
  type_text "hello"; keys Enter
  wait_for "cut off after 4 tokens"
  type_text '"""the first'; keys Enter
  wait_line "..."
  type_text '你好"""'; keys Enter
  wait_line ">>>"
  type_text "/save $saved"; keys Enter
  wait_for "5 messages saved"
  python3 - "$saved" <<'PY' || exit 1
import json, sys
messages = json.load(open(sys.argv[1]))["messages"]
roles = [message["role"] for message in messages]
if roles != ["system", "user", "assistant", "user", "assistant"]: sys.exit(f"FAILED: roles {roles}")
if messages[3]["content"] != "the first\n你好": sys.exit(f"FAILED: {messages[3]}")
PY
  type_text "/clear"; keys Enter
  wait_for "begins anew"
  type_text "/load $saved"; keys Enter
  wait_for "5 messages loaded"
  type_text "/show"; keys Enter
  wait_for "messages so far: 5"

  # Ctrl-C: throws a line away, says how to leave, and stops an answer but not the program.
  type_text "never sent"
  keys C-c
  wait_line ">>>"
  keys C-c
  wait_for "/bye or Ctrl-D ends the chat"
  type_text "/set max_tokens 100000"; keys Enter
  type_text "go on"; keys Enter
  sleep 0.5
  keys C-c
  wait_for "stopped"
  wait_line ">>>"
  type_text "/bye"; keys Enter
  wait_for "ended with code 0"
}

session unset ""
session chinese "zh_CN.UTF-8"
echo "the chat works with LANG unset and with zh_CN.UTF-8"
