// The explorer's page: signs a person in, keeps the token, and gives GraphiQL a fetcher that sends it.
// No build step and nothing inline, so that the page works under a Content-Security-Policy without 'unsafe-inline'.
'use strict';

(() => {
  const DEFAULT_QUERY = `# Who opposes strikes on Mexican soil,
# and with which arguments?
#
# Ctrl-Enter runs it, Ctrl-Space completes names.
# The book on the left documents every type.
{
  dossier(slug: "us-mexico-cartel-strikes") {
    title
    positions(
      filter: {
        stance: { in: [OPPOSE, STRONGLY_OPPOSE] }
        mechanism: { mode: { eq: UNILATERAL } }
      }
    ) {
      nodes {
        statedOn
        stance
        stakeholder { name }
        mechanism { name }
        arguments { frame statement }
      }
    }
  }
}
`;

  const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { accessToken expiresAt errors { code message } }
}`;

  // sessionStorage and not localStorage: the token goes when the tab is closed, no other tab shares it, and the next
  // person at a shared computer does not find it. GraphiQL's tabs and history are kept there too, for the same reason.
  const SESSION_KEY = 'demarche:session';
  const OWNER_KEY = 'demarche:owner';
  const TIMER_MAX_MS = 2 ** 31 - 1;

  const at = (id) => document.getElementById(id);
  const door = at('door');
  const explorer = at('explorer');

  /** Who is signed in: `{ token, who, expiresAtMs }`, the last two null when they cannot be told. */
  let session = null;
  let root = null;
  let timer = 0;
  /** How far the server's clock is ahead of this computer's: in a closed network the latter may well be wrong. */
  let clockAheadMs = 0;

  // --- what the browser keeps -------------------------------------------------------------------------------------

  /** Storage may be forbidden or full; the page then works without it, until it is reloaded. */
  const attempt = (use) => {
    try {
      return use(sessionStorage);
    } catch {
      return null;
    }
  };

  const graphiqlKeys = () =>
    attempt((s) => Object.keys(s).filter((key) => key.startsWith('graphiql:'))) ?? [];

  /** What GraphiQL may see of the storage: its own keys, so that its "clear storage" does not sign anybody out. */
  const graphiqlStorage = {
    getItem: (key) => attempt((s) => s.getItem(key)),
    setItem: (key, value) => sessionStorage.setItem(key, value),
    removeItem: (key) => attempt((s) => s.removeItem(key)),
    clear: () => graphiqlKeys().forEach((key) => attempt((s) => s.removeItem(key))),
    get length() {
      return graphiqlKeys().length;
    },
  };

  const restore = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(SESSION_KEY));
      return typeof kept?.token === 'string' ? kept : null;
    } catch {
      return null;
    }
  };

  // --- talking to the API -----------------------------------------------------------------------------------------

  const post = async (request, token) => {
    const headers = {
      Accept: 'application/graphql-response+json, application/json;q=0.9',
      'Content-Type': 'application/json',
    };
    if (token) headers.Authorization = `Bearer ${token}`;
    let response;
    try {
      response = await fetch('graphql', { method: 'POST', headers, body: JSON.stringify(request), cache: 'no-store' });
    } catch {
      return { status: 0, body: { errors: [{ message: 'The API cannot be reached.' }] } };
    }
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (date) clockAheadMs = date - Date.now();
    try {
      const body = await response.json();
      if (body && typeof body === 'object') return { status: response.status, body };
    } catch {
      // Told below: a proxy's error page is not JSON.
    }
    const message = `The API answered with status ${response.status} and no readable text.`;
    return { status: response.status, body: { errors: [{ message }] } };
  };

  const unauthenticated = ({ status, body }) =>
    status === 401 || (body.errors ?? []).some?.((error) => error?.extensions?.code === 'UNAUTHENTICATED') === true;

  const messages = (errors) =>
    (Array.isArray(errors) ? errors : []).map((error) => error?.message).filter(Boolean).join(' ');

  const fetcher = async (request) => {
    const token = session?.token;
    const answer = await post(request, token);
    // An answer to a request from before the last sign-in says nothing about the present token.
    if (unauthenticated(answer) && session && session.token === token) {
      expire('The API no longer accepts your token.');
    }
    return answer.body;
  };

  // --- tokens -----------------------------------------------------------------------------------------------------

  /** What a token says of itself, for display only: the server is the one that checks it. */
  const claims = (token) => {
    try {
      const bytes = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
      const found = JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
      return found && typeof found === 'object' ? found : {};
    } catch {
      return {};
    }
  };

  const fromToken = (token) => {
    const { email, name, sub, exp } = claims(token);
    const who = [email, name, sub].find((claim) => typeof claim === 'string' && claim !== '') ?? null;
    return { token, who, expiresAtMs: Number.isFinite(exp) ? exp * 1000 : null };
  };

  const tidy = (text) => text.trim().replace(/^Bearer\s+/i, '');
  const canBeSent = (token) => /^[\x21-\x7e]+$/.test(token);

  /** Takes the token out of `#token=…` and out of the address bar. A fragment never reaches a server or its logs. */
  const takeFragment = () => {
    const found = /(?:^#|&)token=([^&]*)/.exec(location.hash);
    if (!found) return null;
    history.replaceState(null, '', location.pathname + location.search);
    try {
      return tidy(decodeURIComponent(found[1]));
    } catch {
      return tidy(found[1]);
    }
  };

  // --- what is on the page ----------------------------------------------------------------------------------------

  const say = (id, text) => {
    at(id).textContent = text ?? '';
    at(id).hidden = !text;
  };

  /** `notice` tells what happened, `problem` what went wrong. */
  const showDoor = ({ notice, problem } = {}) => {
    at('session').hidden = true;
    explorer.hidden = true;
    door.hidden = false;
    say('notice', notice);
    say('problem', problem);
  };

  const showSession = () => {
    const text = at('session-text');
    const who = document.createElement('strong');
    who.textContent = session.who ?? 'the bearer of a token';
    text.replaceChildren('Signed in as ', who);
    if (session.expiresAtMs !== null) {
      const end = new Date(session.expiresAtMs);
      const today = end.toDateString() === new Date().toDateString();
      const time = document.createElement('time');
      time.dateTime = end.toISOString();
      time.textContent = end.toLocaleString([], { timeStyle: 'short', ...(today ? {} : { dateStyle: 'medium' }) });
      text.append(' until ', time);
    }
    at('session').hidden = false;
  };

  const showExplorer = () => {
    if (!window.GraphiQL || !window.ReactDOM) {
      showDoor({ problem: 'You are signed in, but the explorer could not be loaded. Reload the page to try again.' });
      return;
    }
    door.hidden = true;
    explorer.hidden = false;
    showSession();
    if (root) {
      // The editors measured themselves while they were hidden.
      window.dispatchEvent(new Event('resize'));
    } else {
      root = ReactDOM.createRoot(explorer);
      root.render(
        React.createElement(GraphiQL, {
          fetcher,
          storage: graphiqlStorage,
          defaultQuery: DEFAULT_QUERY,
          // The token comes from the session; a header editor would only invite people to paste it where it is kept.
          isHeadersEditorEnabled: false,
          shouldPersistHeaders: false,
          // The header bar follows the system, so the rest does.
          forcedTheme: 'system',
        }),
      );
    }
    explorer.focus({ preventScroll: true });
  };

  /** Closes GraphiQL and forgets its queries and answers. */
  const forget = () => {
    root?.unmount();
    root = null;
    attempt((s) => s.removeItem(OWNER_KEY));
    graphiqlStorage.clear();
  };

  // --- a session's life -------------------------------------------------------------------------------------------

  const watch = () => {
    clearTimeout(timer);
    if (!session || session.expiresAtMs === null) return;
    const leftMs = session.expiresAtMs - (Date.now() + clockAheadMs);
    if (leftMs <= 0) {
      expire('Your session has ended.');
    } else {
      timer = setTimeout(watch, Math.min(leftMs, TIMER_MAX_MS));
    }
  };

  /** Opens the explorer. One's own work is still there; after somebody else's session the page starts empty. */
  const begin = (next, resumed) => {
    const subject = claims(next.token).sub ?? next.who;
    if (!resumed && (!subject || attempt((s) => s.getItem(OWNER_KEY)) !== subject)) forget();
    session = next;
    attempt((s) => s.setItem(SESSION_KEY, JSON.stringify(next)));
    if (subject) attempt((s) => s.setItem(OWNER_KEY, subject));
    if (next.who?.includes('@')) at('email').value = next.who; // for signing in again, if this session ends by itself
    at('password').value = '';
    at('token').value = '';
    showExplorer();
    watch();
  };

  const end = () => {
    clearTimeout(timer);
    session = null;
    attempt((s) => s.removeItem(SESSION_KEY));
  };

  const expire = (why) => {
    end();
    // Hidden, not closed: a half-written query outlives the session.
    showDoor({ notice: `${why} Sign in again; your queries are still here.` });
    at(at('email').value ? 'password' : 'email').focus();
  };

  const signOut = () => {
    end();
    forget();
    at('email').value = '';
    showDoor({ notice: 'You are signed out.' });
    at('door-title').focus();
  };

  const signIn = async (email, password) => {
    const { body } = await post({ query: SIGN_IN, operationName: 'SignIn', variables: { input: { email, password } } });
    const payload = body.data?.signIn;
    if (!payload?.accessToken) {
      const problem = messages(payload?.errors) || messages(body.errors) || 'The API gave no token and no reason.';
      showDoor({ problem });
      return false;
    }
    const endsMs = Date.parse(payload.expiresAt ?? '');
    begin({ token: payload.accessToken, who: email, expiresAtMs: Number.isNaN(endsMs) ? null : endsMs }, false);
    return true;
  };

  /** Asks the API about a token before anything is opened with it. */
  const useToken = async (next, resumed = false) => {
    if (!canBeSent(next.token)) {
      showDoor({ problem: 'This is not an access token: it is empty, or has blanks or line breaks in it.' });
      return false;
    }
    const answer = await post({ query: '{ __typename }' }, next.token);
    if (unauthenticated(answer)) {
      if (resumed) expire('Your session has ended.');
      else showDoor({ problem: 'The API does not accept this token: it may have ended, or belong to another server.' });
      return false;
    }
    if (!answer.body.data) {
      showDoor({ problem: messages(answer.body.errors) || 'The API did not answer.' });
      return false;
    }
    begin(next, resumed);
    return true;
  };

  // --- the page's events ------------------------------------------------------------------------------------------

  /** Runs one submission at a time. The button stays focusable, so nobody loses their place. */
  const onSubmit = (id, act, again) => {
    const form = at(id);
    const button = form.querySelector('button');
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (button.getAttribute('aria-disabled') === 'true') return;
      button.setAttribute('aria-disabled', 'true');
      say('problem');
      try {
        if (!(await act())) {
          at(again).focus();
          at(again).select();
        }
      } finally {
        button.removeAttribute('aria-disabled');
      }
    });
  };

  onSubmit('sign-in', () => signIn(at('email').value.trim(), at('password').value), 'password');
  onSubmit('use-token', () => useToken(fromToken(tidy(at('token').value))), 'token');
  at('sign-out').addEventListener('click', signOut);

  const openFragment = () => {
    const token = takeFragment();
    if (token === null) return false;
    end();
    void useToken(fromToken(token));
    return true;
  };
  window.addEventListener('hashchange', openFragment);
  // A computer that slept has not counted the time.
  document.addEventListener('visibilitychange', () => document.hidden || watch());

  if (!openFragment()) {
    const kept = restore();
    if (kept) {
      door.hidden = true;
      void useToken({ who: null, expiresAtMs: null, ...kept }, true);
    } else {
      at('email').focus();
    }
  }
})();
