#!/bin/sh
# A small authority for one cluster, and certificates that it signs, by openssl:
#   sh jobs/cluster/certificates.sh FOLDER NAME...
# FOLDER gets ca.pem and ca.key, and NAME.pem and NAME.key for each name: one a machine, and one for the run. Called
# again it keeps the authority and makes the named certificates anew. DAYS=90 before it: good for so long (else 30 days).
#
# Who has any of these keys may have every worker carry out any code: Dask asks whether a certificate is of this
# authority, not whose it is. So the authority signs for nothing else, and ca.key goes to no machine.
set -eu
umask 077

[ "$#" -ge 2 ] || { echo "usage: sh certificates.sh FOLDER NAME..." >&2; exit 2; }
folder=$1
shift
days=${DAYS:-30}
for name in "$@"; do
  case $name in
    "" | ca | -* | *[!A-Za-z0-9._-]*) echo "certificates.sh: \"$name\" cannot be the name of a machine" >&2; exit 2 ;;
  esac
done

# openssl talks of its progress; what it says is shown where it fails.
quietly() {
  said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
}

mkdir -p "$folder"
work=$(mktemp -d "$folder/.making.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat >"$work/config" <<'EOF'
[req]
distinguished_name = names
[names]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
EOF

if [ ! -e "$folder/ca.pem" ]; then
  quietly openssl req -x509 -config "$work/config" -extensions authority -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -noenc -sha256 -days "$days" -subj "/CN=batchreset cluster" -keyout "$folder/ca.key" -out "$work/ca"
  mv "$work/ca" "$folder/ca.pem"
fi
for name in "$@"; do
  quietly openssl req -new -config "$work/config" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 \
    -subj "/CN=$name" -keyout "$work/key" -out "$work/request"
  cat >"$work/extensions" <<EOF
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:$name
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOF
  quietly openssl x509 -req -in "$work/request" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -days "$days" -sha256 \
    -extfile "$work/extensions" -out "$work/certificate"
  quietly openssl verify -x509_strict -CAfile "$folder/ca.pem" "$work/certificate"
  mv "$work/key" "$folder/$name.key"
  mv "$work/certificate" "$folder/$name.pem"
done
