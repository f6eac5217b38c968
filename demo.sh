#!/usr/bin/env bash
# Shows the program at work: a change in MySQL becomes a searchable document.
#
#   ./demo.sh [--once] [--with kafka,elasticsearch] [--keep]
#     --once    stop everything at the end; exit 0 only if every step worked
#     --with    the same on Kafka and Elasticsearch instead of the embedded log and SQLite
#     --keep    go on with the shop of the last run instead of a new one
#
# Needs Debian 12, its package archive, and with --with a Maven repository. No containers.
set -euo pipefail
cd "$(dirname "$0")"

once=no with='' keep=no
while [[ $# -gt 0 ]]; do
  case "$1" in
    --once) once=yes ;;
    --keep) keep=yes ;;
    --with) with="${2:-}"; shift ;;
    --with=*) with="${1#--with=}" ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "demo.sh: unknown option '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done

example=config/examples/shop
stack=tests/stack/stack
tailrace=build/release/app/tailrace
case "$with" in
  '') folder=build/demo servers=(mysql) pipeline=$example/pipeline.yaml packages=demo ;;
  kafka,elasticsearch | elasticsearch,kafka)
    folder=build/demo-kafka servers=(mysql kafka elasticsearch)
    pipeline=$example/pipeline.kafka-elasticsearch.yaml packages=demo-kafka ;;
  *) echo "demo.sh: --with takes kafka,elasticsearch" >&2; exit 2 ;;
esac
mkdir -p "$folder"
export TAILRACE_STACK_DIR="$PWD/$folder/stack" STATE_DIR="$PWD/$folder/state"
log="$folder/tailrace.log"
pid=''

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

die() {
  echo "demo.sh: $*" >&2
  exit 1
}

# quietly WHAT COMMAND...: output goes to a file, and to the terminal only when it fails.
quietly() {
  local what="$1" output="$folder/$1.log"
  shift
  "$@" >"$output" 2>&1 || { tail -n 40 "$output" >&2; die "$what failed; all of its output: $output"; }
}

clean_up() {
  local status=$?
  trap - EXIT INT TERM
  if [[ -n "$pid" ]] && kill -TERM "$pid" 2>/dev/null; then
    local deadline_us=$(($(now_us) + 40000000))  # longer than its --drain
    while kill -0 "$pid" 2>/dev/null && [[ $(now_us) -lt $deadline_us ]]; do sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null && echo "tailrace had to be killed" >&2
    wait "$pid" 2>/dev/null || true
  fi
  $stack down || true
  exit "$status"
}

sql() { $stack client mysql --database=shop --batch --skip-column-names --execute="$1"; }

# A document as JSON; fails while there is none.
document() { "$tailrace" get order "$1" --json --pipeline "$pipeline"; }

pretty() { python3 -m json.tool --no-ensure-ascii --indent=2; }

now_us() { echo "${EPOCHREALTIME//[.,]/}"; }

# shows ORDER PATTERN: whether the order's document matches now.
shows() {
  local text
  text=$(document "$1" 2>/dev/null) && grep -Eq "$2" <<<"$text"
}

# first_seen_us ORDER PATTERN: waits until the order's document matches; prints when that was.
first_seen_us() {
  local deadline_us=$(($(now_us) + 30000000))
  until shows "$1" "$2"; do
    [[ $(now_us) -lt $deadline_us ]] || return 1
    sleep 0.005
  done
  now_us
}

# change ORDER PATTERN SQL: commits, and prints the ms until the order's document matched.
# The watch begins before the commit; MySQL itself says when it had committed (same clock).
change() {
  local committed_us watcher
  first_seen_us "$1" "$2" >"$folder/seen" &
  watcher=$!
  committed_us=$(sql "$3; COMMIT; SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS UNSIGNED)")
  if ! wait "$watcher"; then
    tail -n 20 "$log" >&2
    die "the document of order $1 did not show the change within 30 s"
  fi
  echo $((($(<"$folder/seen") - committed_us) / 1000))
}

# show_change BEFORE AFTER: the whole document, changed lines marked.
show_change() {
  diff --unchanged-line-format='    %L' --old-line-format='  - %L' --new-line-format='  + %L' \
    <(echo "$1" | pretty) <(echo "$2" | pretty) || true
}

started=$SECONDS
say "Packages"
tools/install-packages.sh "$packages"
echo "All there."

say "Building the program (Release; minutes the first time, seconds later)"
quietly configure cmake --preset release
quietly build cmake --build --preset release --target tailrace
"$tailrace" version

trap clean_up EXIT
trap 'exit 130' INT TERM

say "Starting ${servers[*]} in $TAILRACE_STACK_DIR"
if [[ $keep == no ]]; then
  $stack down --wipe
  rm -rf "$STATE_DIR"
fi
$stack up "${servers[@]}"
eval "$($stack env)"

if [[ $keep == no || ! -e $folder/shop-is-filled ]]; then
  say "Filling the shop: users, products, and what happens to 400 orders"
  rm -f "$folder/shop-is-filled"
  /usr/bin/python3 $example/load.py --schema --init 300,120 --orders 400 --seed 7
  touch "$folder/shop-is-filled"
fi

say "tailrace run $pipeline"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LISTEN="127.0.0.1:$port"
"$tailrace" run "$pipeline" >"$log" 2>&1 &
pid=$!
began_us=$(now_us)
until "$tailrace" status --wait streaming --timeout 5s --quiet --pipeline "$pipeline" >/dev/null 2>&1; do
  kill -0 "$pid" 2>/dev/null || { tail -n 30 "$log" >&2; pid=''; die "tailrace ended; its log: $log"; }
  [[ $(now_us) -lt $((began_us + 120000000)) ]] ||
    { tail -n 30 "$log" >&2; die "tailrace does not stream after 120 s; its log: $log"; }
  sleep 0.05
done
echo "Snapshot done and streaming after $((($(now_us) - began_us) / 1000)) ms:" \
  "$(sql 'SELECT COUNT(*) FROM orders') orders are documents, and every change follows."

order=$(sql "SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id
  JOIN products p ON p.id = i.product_id JOIN users u ON u.id = o.user_id
  WHERE o.status = 'PLACED' GROUP BY o.id HAVING COUNT(*) >= 2 ORDER BY COUNT(*), o.id DESC LIMIT 1")
[[ -n "$order" ]] || die "the shop has no placed order with two items"
product=$(sql "SELECT i.product_id FROM order_items i JOIN products p ON p.id = i.product_id
  WHERE i.order_id = $order
  ORDER BY (SELECT COUNT(*) FROM order_items x WHERE x.product_id = p.id), i.line_no LIMIT 1")

say "Order $order: five tables in MySQL, one document   (tailrace get order $order)"
before=$(document "$order") || die "no document for order $order; the log: $log"
echo "$before" | pretty

say "The customer pays: one transaction on two tables"
delay_ms=$(change "$order" '"status": *"PAID"' "
  START TRANSACTION;
  UPDATE orders SET status = 'PAID', status_at = UTC_TIMESTAMP(3), paid_at = UTC_TIMESTAMP(3) WHERE id = $order;
  INSERT INTO payments (id, order_id, method, state, amount, paid_at)
    SELECT (SELECT MAX(id) + 1 FROM payments), id, 'NAVER_PAY', 'PAID', total, UTC_TIMESTAMP(3)
    FROM orders WHERE id = $order")
after=$(document "$order")
show_change "$before" "$after"
echo "The document showed it $delay_ms ms after the commit."

say "A product of that order gets a new name: every order that holds it follows"
word="kettle$RANDOM"
name="Whistling $word 주전자 🫖"
delay_ms=$(change "$order" "$name" "UPDATE products SET name = '$name' WHERE id = $product")
document "$order" | pretty | grep -F "$name"
echo "The document showed it $delay_ms ms after the commit."

say "tailrace search order $word 주전자"
deadline_us=$(($(now_us) + 10000000))
until found=$("$tailrace" search order "$word" 주전자 --pipeline "$pipeline" 2>/dev/null) &&
  grep -Fq "$order" <<<"$found"; do
  [[ $(now_us) -lt $deadline_us ]] || die "the search did not find order $order within 10 s"
  sleep 0.05
done
echo "$found"

if [[ -n "$with" ]]; then
  say "Events of order $order on Kafka (topic shop.orders.events)"
  events=$(kcat -b "$KAFKA" -C -e -q -t shop.orders.events -X isolation.level=read_committed \
    -o beginning -f '%k  %h\n' | grep "^$order  ") || die "no event of order $order on Kafka"
  echo "$events"
fi

say "Done in $((SECONDS - started)) s"
if [[ $once == yes ]]; then
  kill -TERM "$pid"
  wait "$pid" || die "tailrace ended with $? after SIGTERM; its log: $log"
  pid=''
  exit 0
fi

cat <<EOF
Everything stays up until Ctrl-C. To look around, in another terminal:

  export TAILRACE_STACK_DIR=$TAILRACE_STACK_DIR
  eval "\$($stack env)"; export LISTEN=$LISTEN STATE_DIR=$STATE_DIR

  $stack client mysql shop                                  # change something
  /usr/bin/python3 $example/load.py --seconds 60 --rate 20/s     # or let customers do it
  $tailrace status --pipeline $pipeline
  $tailrace get order $order --pipeline $pipeline
  $tailrace search order WORDS --pipeline $pipeline
  curl http://$LISTEN/v1/status                             # also /metrics, /readyz
  tail -f $log
EOF
if [[ -n "$with" ]]; then
  cat <<EOF
  curl '$ES/orders/_search?q=status:PAID&pretty'
  kcat -b $KAFKA -C -t shop.orders.events -o beginning -f '%k %h %s\n'
EOF
fi
wait "$pid" || { pid=''; tail -n 30 "$log" >&2; die "tailrace ended by itself; its log: $log"; }
pid=''
