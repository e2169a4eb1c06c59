// Runs the audits of graphql-http against a server, and prints one JSON object for each.
// Usage: node audit.cjs URL, with the token in the variable TOKEN.
'use strict';

const { serverAudits } = require('graphql-http');

const [url] = process.argv.slice(2);
const authorization = `Bearer ${process.env.TOKEN}`;
const fetchFn = (address, init = {}) => fetch(address, { ...init, headers: { ...init.headers, authorization } });

(async () => {
  for (const audit of serverAudits({ url, fetchFn })) {
    const { id, name, status, reason } = await audit.fn();
    console.log(JSON.stringify({ id, name, status, reason }));
  }
})();
