"""What is said of one run, and of one job."""

WORDS: dict[str, tuple[str, str]] = {
    "facts.chain": ("attempts", "各次尝试"),
    "facts.calls": ("calls", "外部调用"),
    "facts.result": ("result", "结果"),
    "facts.traceback": ("traceback", "异常堆栈"),
    "facts.secrets": ("secrets", "机密"),
    "facts.secret_set": ("set", "已设置"),
    "facts.secrets_unreadable": ("cannot be read with this key", "用当前密钥无法读取"),
    "facts.why": ("what became of its slots", "各计划时间的结果"),
    "facts.changed": ("changed since it last succeeded", "自上次成功以来的变化"),
    "facts.was": ("{then} → {now}", "{then} → {now}"),
    "log.line": ("line {line} of {total}", "第 {line} 行，共 {total} 行"),
    "log.following": ("following", "跟随中"),
    "log.paused": ("paused, {count} new lines: G follows", "已暂停，新增 {count} 行：按 G 跟随"),
    "log.level": ("{level} and above", "{level} 及以上"),
    "log.wrap": ("wrapped", "折行"),
    "log.not_found": ("/{text} does not stand in this log", "日志中没有 /{text}"),
    "log.around": ("the search went around", "查找已绕回"),
}
