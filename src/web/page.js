// SPDX-License-Identifier: GPL-2.0-or-later
// What /api/events tells, on the page. Text reaches it as text only (textContent),
// so no name of a file can be anything else. An element stays while what it shows
// does: what somebody has opened stays open.
"use strict";

const HISTORY_MS = 15 * 60 * 1000; // as much as the server keeps
const byId = id => document.getElementById(id);
const shown = new Map(); // key -> element
const past = new Map(); // key -> [{at, lag, sent}]
let last = null, onlyBad = false, source = null, retry = 0;

// ---- words -------------------------------------------------------------------

function size(bytes) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  while (bytes >= 999.5 && at + 1 < names.length) {
    bytes /= 1024;
    at++;
  }
  const digits = at === 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return bytes.toFixed(digits) + " " + names[at];
}

const count = n => Number(n).toLocaleString("en");

function duration(seconds) {
  if (seconds < 1)
    return seconds <= 0 ? "0 s" : Math.max(1, Math.round(seconds * 1000)) + " ms";
  if (seconds < 60)
    return (seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)) + " s";
  const s = Math.round(seconds), two = n => String(n).padStart(2, "0");
  const days = Math.floor(s / 86400), hours = Math.floor(s / 3600) % 24;
  const minutes = Math.floor(s / 60) % 60;
  if (days)
    return days + " d " + hours + " h";
  return hours ? hours + ":" + two(minutes) + ":" + two(s % 60)
               : minutes + ":" + two(s % 60) + " min";
}

const plural = (n, word) => count(n) + " " + word + (n === 1 ? "" : "s");

// A name whose bytes are no UTF-8 comes a second time, in base64: what is none of
// it, and what would not be seen, is shown as \#ooo.
function name(object, key) {
  const bytes = object[key + "_base64"];
  if (!bytes)
    return visible(object[key] || "");
  const raw = Uint8Array.from(atob(bytes), c => c.charCodeAt(0));
  let out = "";
  for (let i = 0; i < raw.length;) {
    let n = raw[i] < 0x80 ? 1 : raw[i] < 0xe0 ? 2 : raw[i] < 0xf0 ? 3 : 4;
    try {
      out += visible(new TextDecoder("utf-8", {fatal: true})
        .decode(raw.subarray(i, i + n)));
    } catch {
      n = 1;
      out += "\\#" + raw[i].toString(8).padStart(3, "0");
    }
    i += n;
  }
  return out;
}

// Nothing may turn round or hide what stands beside it.
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

const ago = time => time ? Math.max(0, (last.at - Date.parse(time)) / 1000) : null;

// ---- elements ----------------------------------------------------------------

// The element for KEY, made of the template KIND when it is new, as the child
// number AT of PARENT.
function element(key, kind, parent, at) {
  let e = shown.get(key);
  if (!e) {
    e = byId(kind).content.firstElementChild.cloneNode(true);
    e.dataset.key = key;
    shown.set(key, e);
  }
  if (parent.children[at] !== e)
    parent.insertBefore(e, parent.children[at] || null);
  return e;
}

function put(e, of, text) {
  const at = e.querySelector('[data-of="' + of + '"]');
  if (at.textContent !== text)
    at.textContent = text;
  return at;
}

function putProblem(e, text) {
  put(e, "problem", text).hidden = !text;
}

function mood(e, what) {
  e.classList.toggle("good", what === "good");
  e.classList.toggle("bad", what === "bad");
}

// All of OBJECT that is a fact by itself, under the names that it has in JSON.
function putFacts(dl, object, not) {
  putRows(dl, facts(object, "", not));
}

// PAIRS of a name and what is behind it.
function putRows(dl, pairs) {
  const rows = new Map([...dl.children].map(row => [row.dataset.key, row]));
  for (const [key, value] of pairs) {
    let row = rows.get(key);
    rows.delete(key);
    if (!row) {
      row = document.createElement("div");
      row.dataset.key = key;
      row.append(document.createElement("dt"), document.createElement("dd"));
      row.firstChild.textContent = key.replaceAll("_", " ");
      dl.append(row);
    }
    if (row.lastChild.textContent !== value)
      row.lastChild.textContent = value;
  }
  for (const row of rows.values())
    row.remove();
}

function* facts(object, before, not) {
  for (const [key, value] of Object.entries(object)) {
    if (not.includes(key) || key.endsWith("_base64") || Array.isArray(value))
      continue;
    if (value !== null && typeof value === "object")
      yield* facts(value, before + key + " ", []);
    else
      yield [before + key, fact(key, object, value)];
  }
}

function fact(key, object, value) {
  if (value === null || value === "")
    return "–";
  if (typeof value === "boolean")
    return value ? "yes" : "no";
  if (typeof value !== "number")
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? duration(ago(value)) + " ago"
                                                     : name(object, key);
  if (/(^|_)bytes(_|$)/.test(key))
    return size(value);
  if (/(^|_)seconds$|^eta/.test(key))
    return duration(value);
  return key === "pid" ? String(value) : count(value);
}

// A line of POINTS, [time, value], over the time that they are about, which is up
// to a quarter of an hour. Its name is WHAT.
function spark(svg, points, most, what) {
  const from = Math.min(points.length ? points[0][0] : last.at, last.at - 60000);
  const span = last.at - from;
  const y = v => (38 - (most > 0 ? 36 * v / most : 0)).toFixed(1);
  svg.firstElementChild.setAttribute("points", points.map(([at, v]) =>
    (300 * (at - from) / span).toFixed(1) + "," + y(v)).join(" "));
  svg.setAttribute("aria-label", what + ", the last " + duration(span / 1000));
}

// ---- what was ------------------------------------------------------------------

function remember(at, key, peer) {
  let all = past.get(key);
  if (!all)
    past.set(key, all = []);
  all.push({at, lag: peer.oldest_seconds || 0, sent: peer.sent_bytes || 0});
  while (all[0].at < at - HISTORY_MS)
    all.shift();
}

// [time, bytes a second] between each two; a counter that begins anew says
// nothing.
function rates(all) {
  const out = [];
  for (let i = 1; i < all.length; i++) {
    const seconds = (all[i].at - all[i - 1].at) / 1000;
    const bytes = all[i].sent - all[i - 1].sent;
    if (seconds > 0)
      out.push([all[i].at, Math.max(0, bytes / seconds)]);
  }
  return out;
}

const most = points => points.reduce((m, [, v]) => Math.max(m, v), 0);
const newest = points => points.length ? points[points.length - 1][1] : 0;

// ---- the parts of the page -----------------------------------------------------

const isGood = peer => peer.state === "in sync";
const isBad = peer => Boolean(peer.text || peer.path || peer.refused) ||
  ["disconnected", "blocked"].includes(peer.state);

function problem(peer) {
  const parts = [name(peer, "path"), visible(peer.text || "")].filter(Boolean);
  let text = parts.join(": ");
  if (peer.refused > 1)
    text += (text ? ", and " : "") + plural(peer.refused - (text ? 1 : 0), "name") +
      " more";
  if (text && peer.retry_seconds)
    text += "; again in " + duration(peer.retry_seconds);
  return text;
}

// How far a copy or comparison is. What is to be done is known when all is listed;
// until then it grows.
function showProgress(e, peer) {
  const p = peer.progress, box = e.querySelector(".progress");
  box.hidden = !p || !(p.bytes || p.files || p.entries);
  if (box.hidden)
    return;
  const bar = box.firstElementChild;
  if (p.listed && p.bytes)
    bar.value = p.bytes_done / p.bytes;
  else
    bar.removeAttribute("value");
  const parts = [size(p.bytes_done) + " of " + size(p.bytes),
    count(p.files_done) + " of " + plural(p.files, "file")];
  if (!p.listed)
    parts.push(plural(p.entries, "name") + " seen so far");
  if (p.bytes_per_second)
    parts.push(size(p.bytes_per_second) + "/s");
  if (p.seconds_left !== null)
    parts.push(duration(p.seconds_left) + " left");
  if (p.writing)
    parts.push("being written to the disk");
  put(e, "progress", parts.join(", "));
}

function showPeer(key, peer, parent, at) {
  const e = element(key, "peer", parent, at);
  const all = past.get(key) || [];
  const lags = all.map(p => [p.at, p.lag]), sending = rates(all);
  const age = ago(peer.since), lag = peer.oldest_seconds || 0;
  const rate = newest(sending);
  put(e, "name", name(peer, "peer"));
  put(e, "state", peer.state);
  put(e, "age", age === null ? "" : "for " + duration(age)).dateTime = peer.since || "";
  putProblem(e, problem(peer));
  put(e, "lag", duration(lag));
  put(e, "lag-most", "at most " + duration(most(lags)));
  put(e, "rate", size(rate) + "/s");
  put(e, "rate-most", "at most " + size(most(sending)) + "/s");
  put(e, "behind", plural(peer.behind, "change") +
    (peer.behind_bytes ? ", " + size(peer.behind_bytes) : ""));
  put(e, "sent", plural(peer.sent_files, "file") + ", " + size(peer.sent_bytes));
  put(e, "refused", count(peer.refused));
  mood(e, isBad(peer) ? "bad" : isGood(peer) ? "good" : "");
  showProgress(e, peer);
  const lines = e.querySelectorAll(".spark");
  spark(lines[0], lags, most(lags), "Lag");
  spark(lines[1], sending, most(sending), "Bytes a second");
  putFacts(e.querySelector(".facts"), peer, ["peer", "state", "text", "path"]);
  return e;
}

function showMirror(mirror, parent, at, keys) {
  const key = "mirror " + mirror.mirror;
  const e = element(key, "mirror", parent, at);
  keys.add(key);
  put(e, "name", name(mirror, "mirror"));
  put(e, "state", mirror.state);
  put(e, "source", name(mirror, "source"));
  putProblem(e, visible(mirror.text || ""));
  const peers = e.querySelector(".peers");
  mirror.peers.forEach((peer, i) => {
    const k = key + " " + peer.peer;
    keys.add(k);
    showPeer(k, peer, peers, i);
  });
  const lost = Boolean(mirror.text) || ["source gone", "stopped"].includes(mirror.state);
  mood(e.querySelector("header"), lost ? "bad" : mirror.state === "watching" ? "good" : "");
  const bad = lost || mirror.peers.some(isBad);
  const good = mirror.peers.every(isGood);
  e.hidden = onlyBad && good && !bad;
  putFacts(e.querySelector(":scope > details > .facts"), mirror,
    ["mirror", "source", "state", "text"]);
  return !e.hidden;
}

const kindOf = object => Object.keys(object)[0];

// What comes from others: a copy of what a mirror elsewhere, or somebody, pushes to a
// share here; a session; and whatever else there may be.
function otherName(object) {
  const kind = kindOf(object);
  if (kind === "copy")
    return name(object, "copy") + " ← " + name(object, "peer");
  return name(object, kind) + (object.share ? " → " + name(object, "share") : "");
}

const isAway = object => object.mirror === true && object.state === "disconnected";
const otherProblem = object =>
  [object.text, object.room].filter(Boolean).map(visible).join("; ");

// What is said of a copy at first sight.
function copyNumbers(copy) {
  const past = time => time ? duration(ago(time)) + " ago" : "not yet";
  return {
    "Compared with all of the source": past(copy.last_comparison),
    "Last change or look": past(copy.last_round),
    "On disk up to": copy.durable_up_to ? past(copy.durable_up_to) : "not known",
    "Received": size(copy.bytes),
    "Errors": count(copy.errors_since_comparison),
  };
}

function showOther(object, parent, at, keys) {
  const kind = kindOf(object), age = ago(object.since);
  const key = [kind, object[kind], object.share, object.peer, object.id, object.pid]
    .join(" ");
  const e = element(key, "other", parent, at);
  keys.add(key);
  put(e, "name", otherName(object));
  put(e, "state", object.state || "connected");
  put(e, "age", age === null ? "" : "for " + duration(age)).dateTime = object.since || "";
  putProblem(e, otherProblem(object));
  mood(e, otherProblem(object) || isAway(object) ? "bad"
    : object.state === "idle" || !object.state ? "good" : "");
  putRows(e.querySelector(".numbers"),
    Object.entries(kind === "copy" ? copyNumbers(object) : {}));
  putFacts(e.querySelector(".facts"), object, [kind, "share", "state", "text"]);
}

function showTrouble(mirrors, others) {
  const list = byId("trouble").querySelector("ul"), rows = [];
  for (const m of mirrors) {
    if (m.text)
      rows.push([name(m, "mirror"), visible(m.text), ago(m.since)]);
    for (const p of m.peers)
      if (isBad(p))
        rows.push([name(m, "mirror") + " → " + name(p, "peer"),
          problem(p) || p.state, ago(p.since)]);
  }
  for (const o of others)
    if (otherProblem(o) || isAway(o))
      rows.push([otherName(o), otherProblem(o) || o.state, ago(o.since)]);
  byId("trouble").hidden = rows.length === 0;
  while (list.children.length > rows.length)
    list.lastChild.remove();
  rows.forEach(([who, what, age], i) => {
    let li = list.children[i];
    if (!li) {
      li = document.createElement("li");
      li.append(document.createElement("b"), " ", document.createElement("span"), " ",
        document.createElement("span"));
      li.lastChild.className = "since";
      list.append(li);
    }
    li.children[0].textContent = who;
    li.children[1].textContent = what;
    li.children[2].textContent = age === null ? "" : "for " + duration(age);
  });
}

function showSummary(mirrors, others) {
  const peers = mirrors.flatMap(m => m.peers), e = byId("summary");
  const sum = f => peers.reduce((n, p) => n + (f(p) || 0), 0);
  let rate = 0;
  for (const m of mirrors)
    for (const p of m.peers)
      rate += newest(rates(past.get("mirror " + m.mirror + " " + p.peer) || []));
  const good = peers.filter(isGood).length;
  put(e, "synced", good + " of " + peers.length);
  put(e, "lag", duration(peers.reduce((n, p) => Math.max(n, p.oldest_seconds || 0), 0)));
  put(e, "rate", size(rate) + "/s");
  put(e, "behind", plural(sum(p => p.behind), "change"));
  put(e, "sessions", plural(others.filter(o => kindOf(o) === "session").length, "peer"));
  document.title = (good === peers.length ? "" : "(" + (peers.length - good) + ") ") +
    "zcsync";
}

// ---- events --------------------------------------------------------------------

function show() {
  if (!last)
    return;
  const mirrors = last.status.filter(o => kindOf(o) === "mirror");
  const others = last.status.filter(o => !["mirror", "daemon"].includes(kindOf(o)))
    .sort((a, b) => (kindOf(a) !== "copy") - (kindOf(b) !== "copy"));
  const daemon = last.status.find(o => kindOf(o) === "daemon") || {};
  const keys = new Set();
  const n = mirrors.map((m, i) => showMirror(m, byId("mirrors"), i, keys))
    .filter(Boolean).length;
  others.forEach((o, i) => showOther(o, byId("others"), i, keys));
  for (const [key, e] of shown) {
    if (keys.has(key))
      continue;
    e.remove();
    shown.delete(key);
    past.delete(key);
  }
  byId("receiving").hidden = others.length === 0;
  byId("mirroring").hidden = others.length > 0 && mirrors.length === 0;
  byId("none").hidden = n > 0;
  byId("none").textContent = mirrors.length ? "All mirrors are in sync."
                                            : "There are no mirrors.";
  showTrouble(mirrors, others);
  showSummary(mirrors, others);
  const age = ago(daemon.since);
  byId("daemon").textContent = "zcsyncd " + (daemon.daemon || "") +
    (age === null ? "" : ", up for " + duration(age)) + ", " +
    visible(daemon.config || "");
}

let drawing = false;
function take(event) {
  last = JSON.parse(event.data);
  for (const m of last.status)
    for (const p of m.peers || [])
      remember(last.at, "mirror " + m.mirror + " " + p.peer, p);
  live("on", "live");
  if (drawing)
    return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    show();
  }, 0);
}

function live(state, text) {
  byId("live").className = state;
  if (byId("live").textContent !== text)
    byId("live").textContent = text;
}

function connect() {
  clearTimeout(retry);
  if (source)
    source.close();
  past.clear(); // it is told again
  source = new EventSource("api/events");
  source.onmessage = take;
  source.onerror = () => {
    source.close();
    live("lost", "zcsyncd does not answer; trying again");
    retry = setTimeout(connect, 2000);
  };
}

// Who does not look need not be told.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(retry);
    source.close();
    live("", "paused");
  } else {
    connect();
  }
});

for (const id of ["all", "bad"])
  byId(id).addEventListener("click", () => {
    onlyBad = id === "bad";
    byId("all").setAttribute("aria-pressed", String(!onlyBad));
    byId("bad").setAttribute("aria-pressed", String(onlyBad));
    show();
  });

connect();
