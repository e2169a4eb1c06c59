#!/bin/sh
# Fetches the vendored files again with npm, at the versions below, and writes them next to this script.
# Needs npm, node, sed, gzip and sha256sum. Runs no package's scripts. Fails if README.md has another checksum;
# to take a new version, change it here, run, and put the printed checksums into README.md.
set -eu

react=18.3.1
graphiql=3.9.0 # the last one on CodeMirror: 4 and later bring Monaco, workers and several megabytes

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Beside the three: packages that GraphiQL's bundle contains and its dependency list does not name, for their licences.
printf '{"private":true}\n' >package.json
npm install --ignore-scripts --no-audit --no-fund --no-save --legacy-peer-deps --loglevel=error \
  "react@$react" "react-dom@$react" "graphiql@$graphiql" \
  graphql@16 graphql-ws@5 @babel/runtime@7 @radix-ui/react-use-escape-keydown@1

cp node_modules/react/umd/react.production.min.js .
cp node_modules/react-dom/umd/react-dom.production.min.js .
cp node_modules/graphiql/graphiql.min.js .
# Without the embedded Roboto and Fira Code: four fifths of the file, with licences of their own. app.css names system fonts.
sed 's/@font-face{[^}]*}//g' node_modules/graphiql/graphiql.min.css >graphiql.min.css

cp node_modules/react/LICENSE "$here/LICENSE-react.txt"
cp node_modules/graphiql/LICENSE "$here/LICENSE-graphiql.txt"
# The source map knows which packages went into the bundle.
cat >licences.js <<'JS'
const fs = require('fs');
const map = JSON.parse(fs.readFileSync('node_modules/graphiql/graphiql.min.js.map', 'utf8'));
const names = new Set();
for (const source of map.sources) {
  const [, path] = source.match(/.*node_modules\/(.+)$/) ?? [];
  if (path) names.add(path.split('/').slice(0, path[0] === '@' ? 2 : 1).join('/'));
}
const byText = new Map();
for (const name of [...names].sort()) {
  const dir = `node_modules/${name}`;
  const about = JSON.parse(fs.readFileSync(`${dir}/package.json`, 'utf8'));
  const files = fs.readdirSync(dir).filter((f) => /^(licen[cs]e|thirdpartynotices)/i.test(f)).sort();
  const author = (about.author?.name ?? about.author)?.replace(/\s*[<(].*/, '');
  const text =
    files.map((f) => fs.readFileSync(`${dir}/${f}`, 'utf8').replace(/\r/g, '').trim()).join('\n\n') ||
    `Licence ${about.license}, by its package.json${author ? ` (author: ${author})` : ''}; the package has no licence file.`;
  byText.set(text, [...(byText.get(text) ?? []), `${name} (${about.license})`]);
}
const rule = '='.repeat(80);
console.log('Packages that graphiql.min.js contains, with their licences.\n');
for (const [text, packages] of byText) console.log(`${rule}\n${packages.join('\n')}\n${rule}\n\n${text}\n`);
JS
node licences.js >"$here/LICENSE-graphiql-bundled.txt"

status=0
for file in react.production.min.js react-dom.production.min.js graphiql.min.js graphiql.min.css; do
  sum=$(sha256sum <"$file" | cut -d' ' -f1)
  echo "$sum  $file"
  grep -qF "$sum" "$here/README.md" || { echo "README.md has another checksum for $file" >&2; status=1; }
  gzip -9nc "$file" >"$here/$file.gz"
done
exit "$status"
