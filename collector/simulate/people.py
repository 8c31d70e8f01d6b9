"""What people attest in the simulated community: parts that no device shows, and the survey of satisfaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from collector.simulate.traps import Traps

SIGNED = date(2026, 10, 20)


@dataclass(frozen=True, slots=True)
class Attestation:
    """One part of one row that a person attests, with the text of the document that shows it."""

    row: int
    part: str
    by: str
    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The survey of satisfaction: homes asked, homes satisfied, homes occupied."""

    sample: int
    satisfied: int
    occupied: int

    @property
    def required(self) -> int:
        """Return the sample the form asks for: a tenth of the occupied homes, rounded up, 10 to 50."""
        return min(50, max(10, -(-self.occupied // 10)))


_ATTESTATIONS = (
    (58, "functions", "王工", "监控功能验收单", "视频查看、切换、回放功能逐项验收合格，图像清晰可识别。"),
    (58, "police-link", "王工", "公安系统接入证明", "小区视频资源已接入公安系统。"),
    (61, "linkage", "李工", "消防联动测试记录", "烟感报警后消防系统联动正常。"),
    (74, "rules", "赵主任", "数据安全管理制度", "已建立数据分类、访问、备份和销毁制度。"),
    (74, "measures", "赵主任", "数据安全措施说明", "视频、人脸、车辆和健康数据加密存放，按岗授权。"),
    (74, "no-incident", "赵主任", "无数据安全事件证明", "近一年未发生数据泄露、破坏、更改及非法使用事件。"),
)
_LEFT_OUT = {
    "police_link_not_attested": (58, "police-link"),
    "linkage_not_attested": (61, "linkage"),
    "no_incident_not_attested": (74, "no-incident"),
}


def attest(traps: Traps) -> tuple[Attestation, ...]:
    """Return the attestations people gave."""
    missing = {key for name, key in _LEFT_OUT.items() if traps.past(name)}
    return tuple(
        Attestation(row, part, by, f"{title}.pdf", f"示例小区 {title}\n{text}\n签字：{by}（盖章）\n日期：{SIGNED}\n")
        for row, part, by, title, text in _ATTESTATIONS
        if (row, part) not in missing
    )


def survey_homes(occupied: int, traps: Traps) -> Survey:
    """Return the survey: exactly the required sample (past the trap: 9 homes), at least 80 % satisfied."""
    sample = 9 if traps.past("survey_sample_of_9") else Survey(0, 0, occupied).required
    least = -(-sample * 4 // 5)
    return Survey(sample, least - 1 if traps.past("satisfied_below_80_percent") else least, occupied)
