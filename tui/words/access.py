"""Who may come in and what they may do: operators and keys, an installation that is away, a session that ends."""

WORDS: dict[str, tuple[str, str]] = {
    "header.who": ("{name} ({role})", "{name}（{role}）"),
    "role.changed": ("your role is {role} now", "你的角色现在是 {role}"),
    "role.cannot": ("your role {role} changes nothing; ask an administrator", "你的角色 {role} 不能更改；请联系管理员"),
    # an installation that is away
    "away.title": ("ConnectHub waits for its installation", "ConnectHub 正在等待安装恢复"),
    "away.what": ("down:  {cause}", "故障：{cause}"),
    "away.since": ("since: {time}", "自：{time}"),
    "away.again": (
        "It looks again every {seconds} s and goes on by itself; nothing has to be pressed.",
        "每 {seconds} 秒重试一次，恢复后自动继续，无需按键。",
    ),
    "away.found": ("== what `connecthub doctor` found", "== `connecthub doctor` 的检查结果"),
    "away.found.nothing": ("nothing that is wrong", "没有发现问题"),
    "away.no_doctor": ("doctor could not look: {cause}", "无法检查：{cause}"),
    # a session that ends
    "unused.soon": (
        "no key for long: this session ends in {seconds} s; any key keeps it",
        "长时间无按键：会话将在 {seconds} 秒后结束；按任意键保持",
    ),
    "unused.over": (
        "This session ended after {minutes} minute(s) without a key. The next one offers what was not saved.",
        "会话已结束：{minutes} 分钟没有按键。下次登录时可继续未保存的编辑。",
    ),
    "ended.refused": ("This session ended: {reason}", "会话已结束：{reason}"),
    # operators
    "title.operators": ("Operators", "操作员"),
    "title.new_operator": ("New operator", "新建操作员"),
    "title.operator_keys": ("SSH keys of {name}", "{name} 的 SSH 密钥"),
    "title.new_key": ("New SSH key of {name}", "为 {name} 添加 SSH 密钥"),
    "operators.only_admin": (
        "operators are for admins; your role is {role}",
        "仅管理员可查看操作员；你的角色是 {role}",
    ),
    "operators.in": ("enabled", "已启用"),
    "operators.out": ("disabled", "已停用"),
    "operators.no_key": ("no key", "无密钥"),
    "operators.own": ("(this session)", "（本会话）"),
    "column.operator": ("OPERATOR", "操作员"),
    "column.operator.role": ("ROLE", "角色"),
    "column.operator.language": ("LANGUAGE", "语言"),
    "column.operator.state": ("STATE", "状态"),
    "column.operator.keys": ("KEYS", "密钥"),
    "column.key.fingerprint": ("FINGERPRINT", "指纹"),
    "column.key.comment": ("COMMENT", "备注"),
    "column.key.added": ("ADDED", "添加时间"),
    "empty.operators": (
        "nobody comes over SSH yet: N lets somebody in",
        "还没有人可通过 SSH 登录：按 N 添加",
    ),
    "empty.operators.filtered": (
        "no operator matches /{text}: Esc clears the filter",
        "没有操作员符合 /{text}：Esc 清除筛选",
    ),
    "empty.operator_keys": ("{name} has no key: N gives one", "{name} 没有密钥：按 N 添加"),
    "prompt.filter.operators": ("filter: words of a name, a role or a key", "筛选：姓名、角色或密钥中的文字"),
    "form.operator": ("name", "姓名"),
    "form.role": ("role", "角色"),
    "form.language": ("language", "语言"),
    "form.key": ("public key", "公钥"),
    "form.doc.operator": ("how the audit trail names them", "审计中的名称"),
    "form.doc.role": (
        "viewer reads; operator runs and edits; admin also deletes and manages operators",
        "viewer 只读；operator 运行与编辑；admin 还可删除并管理操作员",
    ),
    "form.doc.language": ("of their screens; empty: as UI_LANG says", "界面语言；留空则按 UI_LANG"),
    "form.doc.key": ("the one line of their file that ends in .pub", "其 .pub 文件中的那一行"),
    "ask.operators.add": ("Let this person into {instance}?", "允许此人登录 {instance}？"),
    "ask.operators.enable": ("Let {count} operator(s) into {instance} again?", "重新允许 {count} 人登录 {instance}？"),
    "ask.operators.disable": (
        "Disable {count} operator(s) of {instance}? Who is in is out at once.",
        "停用 {instance} 的 {count} 个操作员？已登录者立即退出。",
    ),
    "ask.operators.remove": (
        "Remove this operator of {instance} and all their keys for good?",
        "永久移除 {instance} 的该操作员及其全部密钥？",
    ),
    "ask.operators.add_key": ("Give {name} of {instance} this key?", "为 {instance} 的 {name} 添加此密钥？"),
    "ask.operators.remove_key": (
        "Take this key from {name} of {instance}? Who came with it is out at once.",
        "移除 {instance} 的 {name} 的此密钥？用它登录者立即退出。",
    ),
    # audit
    "act.result": ("result", "结果"),
    "act.reason": ("reason", "原因"),
    "act.fingerprint": ("SSH key", "SSH 密钥"),
    "act.address": ("from", "来自"),
}
