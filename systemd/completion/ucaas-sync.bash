# shellcheck shell=bash
# Completion of ucaas-sync's commands and options for bash.

_ucaas_sync() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()

  # The command, and what follows "state" and "quarantine": the words that are neither options nor their values.
  local words=() word skip=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -n $skip ]]; then
      skip=
    elif [[ $word == -* ]]; then
      case $word in
        -c | --config | --log-level | --log-format | --csv | --ldif | --delimiter | --encoding | --format | --limit | --out | \
          --source | --only | --reason | --until | --as | --run | --listen | --db | --id | --key-file | --latency | \
          --rate-limit | --fault | --seed) skip=yes ;;
      esac
    else
      words+=("$word")
    fi
  done
  local command=${words[0]:-} topic=${words[1]:-}

  local commands='check doctor read plan sync apply approve revert run explain status runs hold quarantine state forget
    sandbox codes version help'
  local options='-c --config --log-level --log-format --no-progress -h --help'
  local own='' below=''
  case $command in
    '') below=$commands; options+=' --version' ;;
    read) own='--csv --ldif --delimiter --encoding --format --limit' ;;
    plan) own='--format --out --detailed-exitcode --refresh --offline --source --only --all' ;;
    sync) own='--only' ;;
    approve) own='--reason'; below='last' ;;
    revert) own='--plan --yes --all' ;;
    explain) own='--run --format' ;;
    status) own='--format' ;;
    runs) own='--limit --format' ;;
    hold) own='--until --reason' ;;
    forget) own='--yes' ;;
    quarantine)
      case $topic in
        '') below='list release' ;;
        list) own='--format' ;;
        release) own='--as' ;;
      esac
      ;;
    state)
      case $topic in
        '') below='check backup rebuild rebind' ;;
        rebuild | rebind) own='--yes' ;;
      esac
      ;;
    sandbox) own='--listen --db --id --key-file --latency --rate-limit --fault --seed' ;;
    help) below=$commands ;;
  esac

  local values=''
  case $prev in
    -c | --config | --csv | --ldif | --out | --db | --key-file)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    --log-level) values='debug info warning error' ;;
    --log-format) values='text json' ;;
    --format)
      values='text json'
      [[ $command == read ]] && values='text jsonl'
      [[ $command == plan ]] && values='text json html'
      ;;
    --delimiter | --encoding | --limit | --source | --only | --reason | --until | --as | --run | --listen | --id | --latency | \
      --rate-limit | --fault | --seed) return ;;
  esac

  if [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    return
  fi
  [[ $cur == -* ]] && below="$own $options"
  mapfile -t COMPREPLY < <(compgen -W "$below" -- "$cur")
  # A plan file, or where a copy of the state goes.
  if [[ $cur != -* && ( $command == apply || $command == approve || "$command $topic" == 'state backup' ) ]]; then
    compopt -o filenames
    local files
    mapfile -t files < <(compgen -f -- "$cur")
    COMPREPLY+=("${files[@]}")
  fi
}

complete -F _ucaas_sync ucaas-sync
