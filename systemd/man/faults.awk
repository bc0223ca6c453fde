# Makes the page ucaas-sync-faults(7), as scdoc(5) reads it, of the fault matrix that the tests run:
#   awk -f faults.awk fault_matrix.tsv >ucaas-sync-faults.7.scd

BEGIN {
  FS = "\t"
  print "ucaas-sync-faults(7) \"ucaas-sync\""
  print ""
  print "# NAME"
  print ""
  print "ucaas-sync-faults - what comes of each request that goes wrong"
  print ""
  print "# DESCRIPTION"
  print ""
  print "Each call of *ucaas-sync*(1) to the account, met by each fault: made from the table that the program's own tests run"
  print "over real sockets, for users, contacts and groups alike. The calls are to list, to find by address, to get the groups"
  print "of a contact, to look at an object before it is touched (_guards.protect_, and plans that a person has read), to"
  print "create, update, suspend, reactivate and delete, and to log in."
  print ""
  print "What a reply means:"
  print ""
  meaning("ok", "It is done.")
  meaning("retry", "For the moment: the same request is sent again.")
  meaning("unknown", "A create may or may not have had its effect: it is looked up before anything is sent again.")
  meaning("duplicate", "The address is taken: it is looked up who has it.")
  meaning("missing", "There is no such object, if a search finds none either. A removal is done; anything else is created anew, unless somebody has its address.")
  meaning("invalid", "The account refuses these values. The person is set aside, and tried again when something changes.")
  meaning("denied", "Credentials, rights, certificate or address are wrong. The run ends at once, and nothing is sent again.")
  print ""
  print "The tables show what the reply means, how often the request is sent, what the account holds at the end, and the exit"
  print "code; first for a fault that comes once, then for one that stays. In the tests a request may be sent three times"
  print "(_target.retry.attempts_ is 6 unless it is set), and an account that asks to wait is given up after a minute"
  print "(_target.retry.give\\_up_, 10m). Whatever a run leaves, the next one, without the fault, ends with 0, and the account"
  print "holds each person once."
  print ""
  print "What the account holds: _same_, as it was; _one_ or _none_, the object once or not at all; _old_ or _new_, the values"
  print "of before or after; _active_ or _suspended_, the user; _there_ or _gone_, who was to be deleted."
  print ""
  print "# FAULTS"
}

/^#/ || NF == 0 { next }

$1 == "fault" {
  for (i = 4; i <= NF; ++i) call[i] = $i
  next
}

$3 == "once" {
  for (i = 4; i <= NF; ++i) once[i] = $i
  next
}

{
  print ""
  print "## " escaped(toupper(substr($1, 1, 1)) substr($1, 2)) told($2)
  print ""
  print "|[ *call*"
  print ":[ *means*"
  print ":[ *comes once*"
  print ":[ *stays*"
  for (i = 4; i <= NF; ++i) {
    if ($i == "-") continue
    print "|  " call[i]
    print ":  " word(once[i], 1)
    print ":  " ending(once[i])
    print ":  " ending($i)
  }
}

function meaning(verdict, text) {
  print "*" verdict "*"
  print "\t" text
}

function escaped(text) {
  gsub(/_/, "\\_", text)
  return text
}

function told(done) {
  return done == "yes" ? ", and the account has done it" : done == "no" ? ", and the account has not done it" : ""
}

function word(cell, number, words) {
  split(cell, words, " ")
  return words[number]
}

function ending(cell, words) {
  split(cell, words, " ")
  return words[2] "×, " words[3] ", exit " words[4]
}
