# Fifty builtins and nothing that forks: what starting a shell costs.
: 1; : 2; : 3; : 4; : 5
a=1; b=two; c=$a$b; readonly d=4; export e=5
echo "$a $b $c $d $e"; printf '%s-%d\n' six 6; test -n "$a"; [ "$b" = two ]; true
set -- one two three four; shift; echo "$#"; eval 'f=$1'; echo "$f"
x=$((a + 10)); y=$((x * x % 7)); z=$((x << 2 | 1)); echo "$x $y $z"; unset a
case $b in t*) echo t ;; *) echo other ;; esac
for i in 1 2 3; do echo "$i"; done
while [ "$x" -gt 8 ]; do x=$((x - 1)); done
g() { local h=$1; echo "${h#pre}" "${h%fix}" "${#h}"; return 3; }
g prefix || echo "$?"
umask 022; cd /; pwd; type echo; command -v true; alias l=ls; unalias l
trap 'echo bye' EXIT; IFS=,; set -f; set +f; hash -r; getopts ab: o -a; echo "$o"; false || :
