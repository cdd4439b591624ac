// A conversation of two people over SelfLink's HTTP API and WebSocket gateway, without any library: how a client speaks the
// protocol of docs/realtime.md. What must survive is on the server; here is what a page needs to show it.
'use strict';

const byId = (id) => document.getElementById(id);
const show = (id, text) => { byId(id).textContent = text; };
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Ids may have more digits than a number of JavaScript holds exactly. Integers of 16 and more digits outside of strings are
// quoted before the text is parsed, and every id is compared as a string.
const LONG = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const parse = (text) => JSON.parse(text.replace(LONG, (part) => (part[0] === '"' ? part : `"${part}"`)));
const order = (a, b) => a.length - b.length || (a < b ? -1 : Number(a > b)); // of decimal ids, as strings

let tokens = null; // { token, refreshToken }
let [me, partner] = [null, null]; // the user who is signed in, and the one at the other end
let thread = null; // the id of the conversation
let messages = new Map(); // by `keyOf`
let lastEvent = ''; // where we are in the stream of events: what a reconnection resumes after
let failures = 0; // connections that broke since one was accepted

// ---- HTTP ----

async function call(method, path, body, again = true) {
  const headers = { 'Content-Type': 'application/json' };
  if (tokens && !path.startsWith('auth/')) headers.Authorization = `Bearer ${tokens.token}`;
  const response = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = parse((await response.text()) || 'null');
  if (response.status === 401 && tokens && again && (await renew())) return call(method, path, body, false);
  if (response.ok) return answer;
  throw Object.assign(new Error(answer?.detail ?? JSON.stringify(answer)), { status: response.status });
}

// Access tokens are short-lived; the refresh token is exchanged for a new pair. False: the session is over.
async function renew() {
  try {
    tokens = { ...tokens, ...(await call('POST', 'auth/refresh/', { refresh: tokens.refreshToken }, false)) };
    return true;
  } catch (error) {
    if (error.status) show('state', `Signed out: ${error.message}`);
    return !error.status; // without a network nothing is over
  }
}

// ---- WebSocket ----

function connect() {
  // The gateway sends what came after `last_event_id`, or asks to sync; a blank one asks where we are.
  const query = new URLSearchParams({ token: tokens.token, last_event_id: lastEvent });
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws?${query}`);
  const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), 25000);
  socket.onmessage = ({ data }) => receive(parse(data));
  socket.onclose = async ({ code, reason }) => {
    clearInterval(pings);
    show('state', `offline (${code} ${reason})`);
    if (code === 4403 || code === 4409) return; // the account is not in use; or too many windows, and this is the oldest
    if (code === 4401 && !(await renew())) return; // the token ran out, or the session was ended
    await wait(Math.min(30, 2 ** failures++) * (0.5 + Math.random() / 2)); // not all clients at once
    connect();
  };
}

function receive(frame) {
  if (frame.type === 'ack' && frame.message === 'connected') { // we hear everything from now on
    failures = 0;
    show('state', 'online');
  } else if (frame.type === 'resumed') { // what we missed follows, and moves us on one by one
    lastEvent ||= frame.event_id;
  } else if (frame.type === 'sync_required') { // we were away for longer than the gateway remembers
    sync();
  } else if (frame.type === 'message:new') {
    keep(frame.payload);
  } else if (frame.type === 'message:status') {
    for (const message of messages.values()) {
      if (message.id === String(frame.payload.id)) message.status = later(message.status, frame.payload.status);
    }
  } else if (frame.type === 'typing' && String(frame.thread_id) === thread) {
    typing(frame.is_typing, frame.user_handle);
  } else if (frame.type === 'presence' && String(frame.user_id) === String(partner?.id)) {
    show('presence', frame.status);
  } // Frames of other kinds are passed over: there will be more of them.
  if (frame.event_id && frame.type !== 'resumed') lastEvent = frame.event_id; // only now: what broke above comes again
  render();
}

// ---- Messages ----

// The sender's client_uuid names a message from before the server knows it. Events may come twice, and before the answer
// to the request that caused them.
const keyOf = (message) => (message.client_uuid ? `${message.sender.id}/${message.client_uuid}` : String(message.id));
const RANKS = ['failed', 'pending', 'sent', 'delivered', 'read'];
const later = (a, b) => (RANKS.indexOf(b) > RANKS.indexOf(a) ? b : a); // a status only moves forward

function keep(message) {
  if (String(message.thread) !== thread) return;
  const known = messages.get(keyOf(message));
  const status = later(known?.status, message.status);
  messages.set(keyOf(message), { ...known, ...message, id: message.id && String(message.id), status });
  if (String(message.sender.id) !== String(me.id) && message.status !== 'read') acknowledge(String(message.id));
}

// Seen is read, and everything before it with it; what comes while nobody looks is only delivered.
function acknowledge(id) {
  const done = document.visibilityState === 'visible'
    ? call('POST', `threads/${thread}/read/`, { last_read_message_id: id })
    : call('POST', `messages/${id}/ack/`, { status: 'delivered' });
  done.catch(() => {}); // the next one, or the next visit, makes up for it
}

// Everything since the newest message that the server has given us.
async function sync() {
  if (!thread) return;
  const newest = [...messages.values()].flatMap((message) => message.id ?? []).sort(order).at(-1);
  try {
    const answer = await call('GET', `threads/${thread}/sync/${newest ? `?since=${newest}` : ''}`);
    answer.results.forEach(keep);
    render();
  } catch (error) {
    if (!error.status) wait(2).then(sync);
  }
}

// Shown at once, and sent until the server has it: the same client_uuid makes every repetition harmless. A client that
// outlives its window keeps what is pending where it finds it again.
async function send(body) {
  const message = { thread, body, client_uuid: crypto.randomUUID(), sender: me, status: 'pending' };
  const current = () => messages.get(keyOf(message));
  keep(message);
  for (let pause = 1; current().status === 'pending'; pause = Math.min(30, pause * 2)) {
    render();
    try {
      keep(await call('POST', 'messages/', { thread: message.thread, body, client_uuid: message.client_uuid }));
    } catch (error) {
      if (error.status && error.status !== 429 && error.status < 500) current().status = 'failed';
      else await wait(pause);
    }
  }
  render();
}

// ---- Typing: `true` once per burst, `false` after four seconds without a key ----

let [burst, silence] = [null, null];
function typed() {
  const say = (is_typing) => call('POST', `threads/${thread}/typing/`, { is_typing }).catch(() => {});
  if (!burst) say(true);
  clearTimeout(burst);
  burst = setTimeout(() => { burst = null; say(false); }, 4000);
}

function typing(isTyping, handle) {
  clearTimeout(silence);
  show('typing', isTyping ? `${handle} is typing…` : '');
  if (isTyping) silence = setTimeout(() => show('typing', ''), 35000); // should the end be lost
}

// ---- The page ----

function render() {
  const byAge = (a, b) => (a.id && b.id ? order(a.id, b.id) : Number(!a.id) - Number(!b.id));
  byId('messages').replaceChildren(...[...messages.values()].sort(byAge).map((message) => {
    const line = document.createElement('li');
    line.className = String(message.sender.id) === String(me.id) ? 'own' : 'other';
    line.dataset.status = message.status;
    line.textContent = message.body; // as text: what people write is never markup
    return line;
  }));
}

const onSubmit = (id, act) => byId(id).addEventListener('submit', (event) => {
  event.preventDefault();
  act(Object.fromEntries(new FormData(event.target)), event.target).catch((error) => show('state', error.message));
});

onSubmit('sign-in', async ({ email, password }) => {
  const answer = await call('POST', 'auth/login/', { email, password });
  if (!answer.token) throw new Error('This page does not know second factors.');
  [tokens, me] = [answer, answer.user];
  [byId('sign-in').hidden, byId('open').hidden] = [true, false];
  connect();
});

onSubmit('open', async ({ handle }) => {
  const found = await call('GET', `search/users/?limit=50&q=${encodeURIComponent(handle)}`);
  partner = found.find((user) => user.handle === handle.replace(/^@/, ''));
  if (!partner) throw new Error(`Nobody is called ${handle}.`);
  const { id } = await call('POST', 'threads/direct/', { user_id: String(partner.id) });
  [thread, messages] = [String(id), new Map()]; // from here on we keep what we hear of it; the history is older
  (await call('GET', `messages/?thread=${thread}`)).results.forEach(keep);
  show('presence', (await call('GET', `presence/?ids=${partner.id}`)).results[0].status);
  [byId('open').hidden, byId('chat').hidden] = [true, false];
  render();
});

onSubmit('write', async ({ body }, form) => {
  form.reset();
  if (body.trim()) await send(body.trim());
});
byId('write').addEventListener('input', typed);
